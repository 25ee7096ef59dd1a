using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Proxy.Policy;
using Proxy.Spiffe;
using Proxy.Spiffe.Federation;

namespace Fuzz.Targets;

/// <summary>Small values written as text.</summary>
internal static partial class TextTargets
{
    public static FuzzTarget Addresses { get; } = new("addresses", CheckAddress)
    {
        MaxLength = 64,
        Words = FuzzTargets.Bytes("::", ":", ".", "/", "/0", "/128", "/032", "%eth0", "[", "]", "::ffff:", "0x7f", "010", "255", "256", "\u0660", " "),
        Seeds = FuzzTargets.Bytes("10.0.0.1", "fd00::1", "::ffff:10.0.0.1", "10.0.0.0/8", "fd00::/8", "::1/128", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:1.2.3.4"),
    };

    public static FuzzTarget SpiffeIds { get; } = new("spiffe-ids", CheckSpiffeId)
    {
        MaxLength = 2200,
        Words = FuzzTargets.Bytes("spiffe://", "SPIFFE://", "/", "//", "/./", "/../", "%2e", "?", "#", "@", ":80", "cluster.local", "A", "_", "-", ".", "\u00df", "\0"),
        Seeds = FuzzTargets.Bytes("spiffe://cluster.local/ns/default/sa/web", "spiffe://a.b_c-d", "spiffe://x/A.b/..c/...", "cluster.local"),
    };

    public static FuzzTarget FederatedDomains { get; } = new("federated-domains", CheckFederatedDomain)
    {
        MaxLength = 512,
        Words = FuzzTargets.Bytes("=", "https://", "HTTPS://", "http://", "//", "@", ":443", ":0", "#", "?", ",", ",spiffe://", "%2f", "%40", "[::1]", "\\", "/../", "\t", "\u00df"),
        Seeds = FuzzTargets.Bytes("b.test=https://b.test/bundle", "b.test=https://10.0.0.1:8443/b?x=1,spiffe://a.test/server", "b=https://[fd00::1]:1/"),
    };

    private static void CheckAddress(byte[] input)
    {
        var text = Encoding.UTF8.GetString(input);
        if (Address.TryParse(text, out var address))
        {
            Oracle.Holds(Address.TryParse(address.ToString(), out var again) && again == address, "an address reads as it is written");
            Oracle.Holds(IPAddress.TryParse(text, out var other) && Address.From(other) == address, "another reader sees another address");
        }
        else if (IPAddress.TryParse(text, out var other) && other.AddressFamily == AddressFamily.InterNetworkV6)
        {
            Oracle.Holds(text.AsSpan().ContainsAny("%[]/") || text.Length > 45, "an IPv6 address is refused");
        }

        if (!Cidr.TryParse(text, out var cidr))
            return;
        Oracle.Holds(Cidr.TryParse(cidr.ToString(), out var same) && same == cidr, "a range reads as it is written");
        Oracle.Holds(text.EndsWith($"/{cidr.PrefixLength}", StringComparison.Ordinal), "a prefix is written in one way");
        Oracle.Holds(cidr.Contains(cidr.Network), "a range contains its network");
        Oracle.Holds(Address.TryParse(text.Split('/')[0], out var inside) && cidr.Contains(inside), "a range contains the address that it was written with");
    }

    private static void CheckSpiffeId(byte[] input)
    {
        var isId = SpiffeId.TryParse(input, out var id, out var error);
        Oracle.Holds(isId == (error == SpiffeIdError.None), "an error is told exactly when there is one");
        Oracle.Holds(isId == IsId(Encoding.Latin1.GetString(input)), "the specification says otherwise");
        var isText = SpiffeId.TryParse(Encoding.Latin1.GetString(input), out var fromText, out _);
        Oracle.Holds(isText == isId && id == fromText, "bytes and text are read alike");
        if (TrustDomain.TryParse(Encoding.Latin1.GetString(input), out var domain))
            Oracle.Holds(TrustDomain.TryParse(domain.Name, out var again) && again == domain && domain.Id.TrustDomain == domain, "a trust domain reads as it is written");
        if (isId)
            Oracle.Holds(id!.ToString() == Encoding.Latin1.GetString(input) && id.TrustDomain.Id.ToString() + id.Path == id.ToString(), "an ID is written as it was read");
    }

    private static void CheckFederatedDomain(byte[] input)
    {
        var text = Encoding.Latin1.GetString(input);
        var isDomain = FederatedDomain.TryParse(text, out var domain, out var error);
        Oracle.Holds(isDomain == (error.Length == 0), "an error is told exactly when there is one");
        if (!isDomain)
            return;
        Oracle.Holds(domain!.Url is { Scheme: "https", UserInfo: "", Fragment: "", Port: > 0 }, "the URL is one of a bundle endpoint");
        Oracle.Holds((domain.EndpointId is null) == !text.Contains(',', StringComparison.Ordinal), "what stands behind a comma is the server's ID");
        var written = $"{domain.TrustDomain}={domain.Url.AbsoluteUri}{(domain.EndpointId is null ? "" : $",{domain.EndpointId}")}";
        Oracle.Holds(FederatedDomain.TryParse(written, out var again, out _) && again.Url == domain.Url && again.EndpointId == domain.EndpointId, "a domain reads as it is written");
    }

    private static bool IsId(string text) =>
        text.Length <= SpiffeId.MaximumLength && Form().IsMatch(text) && !text.Split('/').Skip(3).Any(segment => segment is "." or "..");

    [GeneratedRegex(@"^spiffe://[a-z0-9._-]{1,255}(/[A-Za-z0-9._-]+)*\z")]
    private static partial Regex Form();
}
