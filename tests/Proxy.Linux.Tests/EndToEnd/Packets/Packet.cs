using System.Globalization;
using Proxy.Policy;

namespace Proxy.Linux.Tests.EndToEnd.Packets;

/// <summary>Something that one machine sends to another; the number tells on arrival which it was.</summary>
/// <param name="Id">Not 0.</param>
/// <param name="From">Who sends it.</param>
/// <param name="To">Whose address it is for.</param>
/// <param name="IsIPv4">In which family.</param>
/// <param name="Protocol">By IP protocol number.</param>
/// <param name="Port">The destination port; of ICMP the type; of other protocols 0.</param>
internal sealed record Packet(uint Id, Machine From, Machine To, bool IsIPv4, TransportProtocol Protocol, ushort Port)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{From.Name} to {To.Name}, IPv{(IsIPv4 ? 4 : 6)}, {Protocol} {Port}");
}
