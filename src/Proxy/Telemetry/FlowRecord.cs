using System.Runtime.CompilerServices;
using System.Text;
using Proxy.Policy;

namespace Proxy.Telemetry;

/// <summary>A <see cref="FlowEvent"/> at rest: one slot of the ring, without its text.</summary>
internal struct FlowRecord
{
    /// <summary>Bytes of text (method, host and target together) that a slot keeps.</summary>
    public const int TextCapacity = 1024;

    private const int MethodLimit = 32;
    private const int HostLimit = 255;

    public long Ticks;
    public FlowKind Kind;
    public FlowVerdict Verdict;
    public Direction Direction;
    public TransportProtocol Transport;
    public bool IsReply;
    public bool AuthSpire;
    public PolicyMatch Match;
    public DropReason DropReason;
    public ushort StatusCode;
    public TimeSpan Latency;
    public FlowEndpoint Source;
    public FlowEndpoint Destination;
    public string Reason;
    public string HttpProtocol;
    public IReadOnlyList<RuleReference>? Rules;
    public HeaderActions HeaderActions;

    private ushort _methodLength;
    private ushort _hostLength;
    private ushort _targetLength;

    public readonly int TextLength => _methodLength + _hostLength + _targetLength;

    /// <summary>What a text ends with when the slot was too small for it.</summary>
    private static ReadOnlySpan<byte> Ellipsis => "…"u8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Fill(in FlowEvent flow, long ticks, Span<byte> text)
    {
        Ticks = ticks;
        Kind = flow.Kind;
        Verdict = flow.Verdict;
        Direction = flow.Direction;
        Transport = flow.Transport == 0 ? TransportProtocol.Tcp : flow.Transport;
        IsReply = flow.IsReply || flow.Kind == FlowKind.HttpResponse;
        AuthSpire = flow.AuthSpire;
        Match = flow.Match;
        DropReason = flow.DropReason;
        StatusCode = flow.StatusCode;
        Latency = flow.Latency;
        Source = flow.Source;
        Destination = flow.Destination;
        Reason = flow.Reason ?? "";
        HttpProtocol = flow.HttpProtocol ?? "HTTP/1.1";
        Rules = flow.Rules;
        HeaderActions = flow.HeaderActions;
        _methodLength = Copy(flow.Method, text[..MethodLimit]);
        _hostLength = Copy(flow.Host, text.Slice(_methodLength, HostLimit));
        _targetLength = Copy(flow.Target, text[(_methodLength + _hostLength)..]);
    }

    public readonly string Method(ReadOnlySpan<byte> text) => Encoding.UTF8.GetString(text[.._methodLength]);

    public readonly string Host(ReadOnlySpan<byte> text) => Encoding.UTF8.GetString(text.Slice(_methodLength, _hostLength));

    public readonly string Target(ReadOnlySpan<byte> text) =>
        Encoding.UTF8.GetString(text.Slice(_methodLength + _hostLength, _targetLength));

    private static ushort Copy(ReadOnlySpan<byte> from, Span<byte> to)
    {
        if (from.Length <= to.Length)
        {
            from.CopyTo(to);
            return (ushort)from.Length;
        }

        from[..(to.Length - Ellipsis.Length)].CopyTo(to);
        Ellipsis.CopyTo(to[^Ellipsis.Length..]);
        return (ushort)to.Length;
    }
}
