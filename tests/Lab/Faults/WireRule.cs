using System.Collections.Concurrent;
using System.Net;
using Lab.Traffic;

namespace Lab.Faults;

/// <summary>What a wire between nodes may carry: no marker of a payload, and between enrolled pods nothing but TLS.</summary>
internal sealed class WireRule(IEnumerable<string> enrolled)
{
    private const byte HandshakeRecord = 0x16;

    private readonly HashSet<IPAddress> enrolled = [.. enrolled.Select(IPAddress.Parse)];
    private readonly Dictionary<(IPEndPoint, IPEndPoint), uint> beginnings = [];
    private readonly ConcurrentQueue<string> violations = new();

    public IEnumerable<string> Violations => violations;

    /// <summary>Directions whose first bytes were seen to be TLS: without any, the capture has proven nothing.</summary>
    public int TlsBeginnings { get; private set; }

    public void Inspect(CapturedSegment segment)
    {
        if (segment.Contains(MarkedLines.Marker))
        {
            violations.Enqueue($"plaintext on the wire: {Describe(segment)}");
        }

        if (enrolled.Contains(segment.Source.Address) && enrolled.Contains(segment.Destination.Address))
        {
            InspectBeginning(segment);
        }
    }

    // By sequence number: after a loss the first bytes may come again, or after others.
    private void InspectBeginning(CapturedSegment segment)
    {
        var direction = (segment.Source, segment.Destination);
        if (segment.BeginsDirection)
        {
            beginnings[direction] = segment.Sequence + 1;
        }

        if (segment.Payload.Length == 0 || !beginnings.TryGetValue(direction, out var first) || segment.Sequence != first)
        {
            return;
        }

        if (segment.BeginsTlsRecord && segment.Payload[0] == HandshakeRecord)
        {
            TlsBeginnings++;
        }
        else
        {
            violations.Enqueue($"no TLS between enrolled pods: {Describe(segment)}");
        }
    }

    private static string Describe(CapturedSegment segment) =>
        $"{segment.Source} to {segment.Destination}, {segment.Payload.Length} bytes, {Convert.ToHexStringLower(segment.Payload.AsSpan(0, Math.Min(16, segment.Payload.Length)))}";
}
