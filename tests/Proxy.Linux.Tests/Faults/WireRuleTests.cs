using System.Net;
using Lab.Faults;
using Lab.Traffic;

namespace Proxy.Linux.Tests.Faults;

/// <summary>The fault loop's checks must be able to fail.</summary>
public sealed class WireRuleTests
{
    private const byte Syn = 0x02;
    private const byte Push = 0x18;
    private static readonly byte[] ClientHello = [0x16, 3, 1, 0, 200, 1, 0, 0, 196];
    private static readonly IPEndPoint Client = new(IPAddress.Parse("10.0.1.10"), 40000);
    private static readonly IPEndPoint Server = new(IPAddress.Parse("10.0.2.10"), 80);
    private static readonly IPEndPoint Stranger = new(IPAddress.Parse("10.9.9.9"), 80);

    private readonly WireRule rule = new(["10.0.1.10", "10.0.2.10"]);

    [Fact]
    public void A_marker_anywhere_is_plaintext()
    {
        rule.Inspect(new(Stranger, Client, Push, 1, [1, 2, 3, .. MarkedLines.Line(7, 8), 4]));

        Assert.Contains("plaintext", Assert.Single(rule.Violations), StringComparison.Ordinal);
    }

    [Fact]
    public void A_connection_between_enrolled_pods_must_begin_with_a_handshake()
    {
        rule.Inspect(new(Client, Server, Syn, 1000, []));
        rule.Inspect(new(Client, Server, Push, 1001, "GET / HTTP/1.1\r\n"u8.ToArray()));

        Assert.Contains("no TLS", Assert.Single(rule.Violations), StringComparison.Ordinal);
        Assert.Equal(0, rule.TlsBeginnings);
    }

    [Fact]
    public void The_servers_first_bytes_must_be_a_handshake_too()
    {
        rule.Inspect(new(Server, Client, Syn | 0x10, 5000, []));
        rule.Inspect(new(Server, Client, Push, 5001, "220 ready\r\n"u8.ToArray()));

        Assert.Single(rule.Violations);
    }

    [Fact]
    public void Tls_between_enrolled_pods_is_right_whatever_follows_it()
    {
        rule.Inspect(new(Client, Server, Syn, uint.MaxValue, []));
        rule.Inspect(new(Client, Server, Push, 0, ClientHello));
        rule.Inspect(new(Client, Server, Push, 9, [0xff, 0xee]));

        Assert.Empty(rule.Violations);
        Assert.Equal(1, rule.TlsBeginnings);
    }

    [Fact]
    public void A_port_used_again_is_judged_anew()
    {
        rule.Inspect(new(Client, Server, Syn, 1000, []));
        rule.Inspect(new(Client, Server, Push, 1001, ClientHello));
        rule.Inspect(new(Client, Server, Syn, 9000, []));
        rule.Inspect(new(Client, Server, Push, 9001, [1]));

        Assert.Single(rule.Violations);
    }

    [Fact]
    public void What_a_stranger_says_is_not_ours()
    {
        rule.Inspect(new(Client, Stranger, Syn, 1000, []));
        rule.Inspect(new(Client, Stranger, Push, 1001, [1]));

        Assert.Empty(rule.Violations);
    }
}
