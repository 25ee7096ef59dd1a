using System.Text;
using Proxy.Http;
using Proxy.Policy;

namespace Proxy;

/// <summary>A request that somebody only asks about, read and changed as the gate does with those that come.</summary>
internal sealed class AskedRequest
{
    private const string NoHost = "Host: unnamed";

    private readonly byte[] _head;
    private readonly GateLimits _limits;
    private readonly RequestHeadParser _parser;

    private AskedRequest(byte[] head, RequestHeadParser parser, GateLimits limits)
    {
        (_head, _parser, _limits) = (head, parser, limits);
        Target = TargetOf(head, parser);
    }

    /// <summary>As policy and the server see it.</summary>
    internal byte[] Target { get; }

    /// <summary>Null, and the gate's word for what is wrong, where the answer would be 400.</summary>
    /// <param name="method">Of the request.</param>
    /// <param name="target">Path and query.</param>
    /// <param name="headers">Lines without their ends; without a Host there is one that means nothing.</param>
    /// <param name="limits">How strictly it is read.</param>
    /// <param name="fault">Empty if nothing is wrong.</param>
    internal static AskedRequest? Read(string method, string target, IReadOnlyList<string> headers, ConnectionLimits limits, out string fault)
    {
        fault = GateFault.BadRequestLine.Reason();
        if ($"{method}{target}".AsSpan().ContainsAnyInRange('\0', ' '))
            return null;

        var lines = headers.Any(IsHost) ? headers : [NoHost, .. headers];
        var head = Encoding.UTF8.GetBytes($"{method} {target} HTTP/1.1\r\n{string.Concat(lines.Select(line => $"{line}\r\n"))}\r\n");
        var parser = new RequestHeadParser(limits.Http);
        var isRead = parser.TryRead(head, out var found);
        fault = found.Reason();
        return isRead ? new AskedRequest(head, parser, limits.Http) : null;
    }

    /// <summary>Why the header fields cannot be changed so, which is answered with 400 too; empty if they can.</summary>
    internal string FindFault(in HeaderActions actions)
    {
        var edited = new EditedHead(_limits);
        var fault = edited.Write(_head, _parser, _parser.Head(_head) with { Target = Target }, actions);
        edited.Release();
        return fault.Reason();
    }

    private static bool IsHost(string line) => line.StartsWith("host:", StringComparison.OrdinalIgnoreCase);

    private static byte[] TargetOf(byte[] bytes, in RequestHeadParser parser)
    {
        var target = parser.Head(bytes).Target;
        if (!parser.IsAbnormal)
            return target.ToArray();
        var normal = new byte[target.Length];
        return normal[..NormalPath.Write(target, normal)];
    }
}
