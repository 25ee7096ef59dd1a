using System.Net;

namespace Proxy.Policy.Tests;

public sealed class AddressTests
{
    [Theory]
    [InlineData("10.0.0.1", "10.0.0.1", true)]
    [InlineData("0.0.0.0", "0.0.0.0", true)]
    [InlineData("255.255.255.255", "255.255.255.255", true)]
    [InlineData("::ffff:10.0.0.1", "10.0.0.1", true)]
    [InlineData("::1", "::1", false)]
    [InlineData("::", "::", false)]
    [InlineData("FD00::0:1", "fd00::1", false)]
    public void Plain_addresses_are_read(string text, string canonical, bool isIPv4)
    {
        Assert.True(Address.TryParse(text, out var address));
        Assert.Equal((canonical, isIPv4), (address.ToString(), address.IsIPv4));
        Assert.Equal(address, Address.From(address.ToIPAddress()));
        Span<byte> bytes = stackalloc byte[16];
        Assert.Equal(address, Address.FromBytes(bytes[..address.WriteBytes(bytes)]));
        Assert.Equal(address, Address.From(IPAddress.Parse(text).MapToIPv6()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("10.1")]
    [InlineData("10.0.0.01")]
    [InlineData("0x7f.0.0.1")]
    [InlineData("10.0.0.256")]
    [InlineData("10.0.0.1.2")]
    [InlineData("10.0.0.")]
    [InlineData(" 10.0.0.1")]
    [InlineData("fe80::1%eth0")]
    [InlineData("[::1]")]
    [InlineData("::1/64")]
    [InlineData("1::2::3")]
    [InlineData("10.0.0.1:80")]
    public void Anything_else_is_refused(string text) => Assert.False(Address.TryParse(text, out _));

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("127.255.0.1", true)]
    [InlineData("::1", true)]
    [InlineData("128.0.0.1", false)]
    [InlineData("::2", false)]
    [InlineData("7f00::1", false)]
    public void Loopback(string text, bool isLoopback)
    {
        Assert.True(Address.TryParse(text, out var address));
        Assert.Equal(isLoopback, address.IsLoopback);
    }

    [Theory]
    [InlineData("10.0.0.0/16", "10.0.255.255", true)]
    [InlineData("10.0.0.0/16", "10.1.0.0", false)]
    [InlineData("10.0.7.7/16", "10.0.0.1", true)]
    [InlineData("10.0.0.1/32", "10.0.0.1", true)]
    [InlineData("10.0.0.1/32", "10.0.0.2", false)]
    [InlineData("0.0.0.0/0", "1.2.3.4", true)]
    [InlineData("0.0.0.0/0", "::1", false)]
    [InlineData("::/0", "fd00::1", true)]
    [InlineData("::/0", "1.2.3.4", false)]
    [InlineData("fd00::/48", "fd00::1:2:3:4", true)]
    [InlineData("fd00::/48", "fd00:0:1::", false)]
    [InlineData("fd00::1/128", "fd00::1", true)]
    public void Ranges(string range, string text, bool contains)
    {
        Assert.True(Cidr.TryParse(range, out var cidr));
        Assert.True(Address.TryParse(text, out var address));
        Assert.Equal(contains, cidr.Contains(address));
    }

    [Theory]
    [InlineData("10.0.0.0")]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/")]
    [InlineData("10.0.0.0/-1")]
    [InlineData("10.0.0.0/08")]
    [InlineData("::/129")]
    [InlineData("::ffff:0:0/96")]
    [InlineData("/8")]
    [InlineData("10.0.0.0/8\0")]
    public void Ranges_that_are_none(string text) => Assert.False(Cidr.TryParse(text, out _));
}
