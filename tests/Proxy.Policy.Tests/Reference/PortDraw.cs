using System.Globalization;

namespace Proxy.Policy.Tests.Reference;

/// <summary>Draws ports, ICMP types and HTTP rules.</summary>
internal sealed class PortDraw(Random random)
{
    public static readonly ushort[] Numbers = [80, 80, 80, 81, 85, 89, 90, 443, 8080, 53];

    private static readonly IcmpField[] IcmpFields =
    [
        new(null, "8", 8), new("IPv4", "EchoRequest", 8), new("IPv4", "0", 0), new("IPv4", "EchoReply", 0), new("IPv4", "3", 3),
        new("IPv6", "128", 128), new("IPv6", "EchoRequest", 128), new("IPv6", "8", 8),
    ];

    public IcmpField Icmp() => random.From(IcmpFields);

    public PortRule PortRule(bool isDeny) => isDeny || random.OneIn(2)
        ? new PortRule(random.List(1, 2, Port))
        : new PortRule(random.List(1, 2, HttpPort)) { Http = random.List(random.OneIn(8) ? 0 : 1, 3, HttpRule) };

    public NetworkPolicyPort NetworkPolicyPort()
    {
        var protocol = random.From(null, "TCP", "UDP", "SCTP");
        return random.Next(5) switch
        {
            0 => new(null, protocol),
            1 => new(random.From("http", "dns"), protocol),
            2 => new("80", protocol, random.From(80, 85, 90)),
            _ => new(Number(), protocol),
        };
    }

    private Port Port()
    {
        var protocol = random.From(null, "TCP", "TCP", "TCP", "UDP", "SCTP", "ANY", "tcp", "");
        return random.OneIn(6) ? new Port("0", protocol) : PortOver(protocol);
    }

    // HTTP rules need TCP, and no port 0.
    private Port HttpPort() => PortOver("TCP");

    private Port PortOver(string? protocol) => random.Next(6) switch
    {
        0 => new(random.From("http", "dns", "HTTP", "nothing"), protocol, random.OneIn(4) ? 443 : null),
        1 => new(random.From("80", "81"), protocol, random.From(80, 85, 89, 90)),
        2 => new("70", protocol, random.From(81, 443)),
        _ => new(Number(), protocol),
    };

    private string Number() => random.From(Numbers).ToString(CultureInfo.InvariantCulture);

    private HttpRule HttpRule() => new()
    {
        Method = random.OneIn(3) ? null : random.From("GET", "GET|HEAD", "POST", "P.*", "(?i)get", "[A-Z]+", ""),
        Path = random.OneIn(4) ? null : random.From("/", "/public", "/public(/.*)?", "/v1/[a-z]+", "/.*", "^/a$", "/[^/]+/?", "/v[0-9]+/.+", "/(public|v1/[a-z]{3,5})", "\\/a", "/p.b.*", "/(a|b)\\?x=[0-9]+", ".*x=1"),
        Host = random.OneIn(4) ? random.From("web", "web(:[0-9]+)?", "foo.bar.com", ".*\\.com") : null,
        Headers = random.OneIn(5) ? random.List(1, 2, () => random.From("x-token: 1", "X-Token: 2", "x-debug", "X-Debug:", "x-token 1")) : [],
        HeaderMatches = random.OneIn(5) ? random.List(1, 2, HeaderMatch) : [],
    };

    private HeaderMatch HeaderMatch() => random.Next(4) switch
    {
        0 => new("x-debug", null, null),
        3 => new("x-token", random.From(null, "1", "2"), null, new SecretReference("ops", random.From("token", "token", "missing"))),
        1 => new(random.From("x-token", "X-Token"), random.From("1", "2"), null),
        _ => new("x-token", random.From("1", "2"), random.From("LOG", "ADD", "DELETE", "REPLACE")),
    };
}
