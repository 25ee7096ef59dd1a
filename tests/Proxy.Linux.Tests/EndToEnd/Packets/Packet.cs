using System.Globalization;
using System.Text;
using Proxy.Policy;
using Proxy.Policy.Tests.Reference;

namespace Proxy.Linux.Tests.EndToEnd.Packets;

/// <summary>Something that one station sends to another; the number tells on arrival which it was.</summary>
/// <param name="Id">Not 0.</param>
/// <param name="From">Who sends it.</param>
/// <param name="To">Whose address it is for.</param>
/// <param name="IsIPv4">In which family.</param>
/// <param name="Protocol">By IP protocol number.</param>
/// <param name="Port">The destination port; of ICMP the type; of other protocols 0.</param>
internal sealed record Packet(uint Id, Station From, Station To, bool IsIPv4, TransportProtocol Protocol, ushort Port)
{
    private const string NumberHeader = "x-packet: ";

    /// <summary>Of TCP: what the connection carries.</summary>
    public Request Request { get; init; } = Request.Get;

    /// <summary>The request's bytes, with the packet's number in a header.</summary>
    public byte[] RequestBytes => Encoding.ASCII.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $"{Request.Method} {Request.Target} HTTP/1.1\r\nHost: {Request.Host}\r\n{string.Concat(Request.Headers.Select(header => $"{header.Name}: {header.Value}\r\n"))}{NumberHeader}{Id}\r\n\r\n"));

    /// <summary>The number of a request that has arrived; null while it is not whole.</summary>
    public static uint? NumberIn(string received)
    {
        var start = received.IndexOf(NumberHeader, StringComparison.Ordinal) + NumberHeader.Length;
        return received.EndsWith("\r\n\r\n", StringComparison.Ordinal) && start >= NumberHeader.Length
            ? uint.Parse(received.AsSpan(start, received.IndexOf('\r', start) - start), CultureInfo.InvariantCulture)
            : null;
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{From.Pod.Name} to {To.Pod.Name}, IPv{(IsIPv4 ? 4 : 6)}, {Protocol} {Port}{(Protocol == TransportProtocol.Tcp ? $", {Request}" : "")}");
}
