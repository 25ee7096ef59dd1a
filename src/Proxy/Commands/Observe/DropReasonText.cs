using System.Globalization;

namespace Proxy.Commands.Observe;

/// <summary>Cilium's sentence for a drop reason, which is what a drop's line shows as its type.</summary>
internal static class DropReasonText
{
    private static readonly Dictionary<int, string> Texts = new()
    {
        [0] = "Success",
        [132] = "Invalid source ip",
        [133] = "Policy denied",
        [134] = "Invalid packet",
        [139] = "Unsupported L3 protocol",
        [142] = "Unknown L4 protocol",
        [151] = "Stale or unroutable IP",
        [158] = "Service backend not found",
        [169] = "FIB lookup failed",
        [170] = "Encapsulation traffic is prohibited",
        [171] = "Invalid identity",
        [172] = "Unknown sender",
        [178] = "Socket lookup failed",
        [180] = "Proxy redirection not supported for protocol",
        [181] = "Policy denied by denylist",
        [189] = "Authentication required",
        [195] = "Traffic is unencrypted",
        [196] = "TTL exceeded",
        [197] = "No node ID found",
        [198] = "Rate limited",
        [202] = "Host datapath not ready",
        [203] = "Endpoint policy program not available",
    };

    public static string Of(int reason) =>
        Texts.GetValueOrDefault(reason) ?? string.Create(CultureInfo.InvariantCulture, $"{reason}");
}
