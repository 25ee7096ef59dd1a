namespace Proxy.Policy.Tests;

public class ExclusionsTests
{
    [Theory]
    [InlineData("1", "1")]
    [InlineData("65535", "65535")]
    [InlineData("80,443,8000-8010", "80,443,8000-8010")]
    [InlineData(" 80 , 443 ", "80,443")]
    [InlineData("1-65535", "1-65535")]
    [InlineData("1,2,3,4,5,6,7,8,9,10,11,12,13,14", "1,2,3,4,5,6,7,8,9,10,11,12,13,14")]
    [InlineData("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15")]
    [InlineData("1-2,3-4,5-6,7-8,9-10,11-12,13-14,15", "1-2,3-4,5-6,7-8,9-10,11-12,13-14,15")]
    public void Lists_of_ports_and_ranges_are_read(string text, string expected)
    {
        Assert.Null(Exclusions.ReadPorts(text, out var ports));
        Assert.Equal(expected, string.Join(',', ports));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("65536")]
    [InlineData("99999")]
    [InlineData("100000")]
    [InlineData("080")]
    [InlineData("-80")]
    [InlineData("80-")]
    [InlineData("0-80")]
    [InlineData("81-80")]
    [InlineData("80-65536")]
    [InlineData("80-90-100")]
    [InlineData("80 - 90")]
    [InlineData("80,,443")]
    [InlineData("80,")]
    [InlineData("80;443")]
    [InlineData("http")]
    [InlineData("*")]
    [InlineData("+80")]
    [InlineData("٨٠")]
    [InlineData("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16")]
    [InlineData("1-2,3-4,5-6,7-8,9-10,11-12,13-14,15-16")]
    [InlineData("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15-16")]
    public void What_is_no_list_of_ports_excludes_none(string text)
    {
        Assert.NotNull(Exclusions.ReadPorts(text, out var ports));
        Assert.Empty(ports);
    }

    [Theory]
    [InlineData("10.0.0.0/8", "10.0.0.0/8")]
    [InlineData("10.1.2.3/8, fd00::1/8 ,0.0.0.0/0,::/0", "10.0.0.0/8,fd00::/8,0.0.0.0/0,::/0")]
    [InlineData("10.0.0.1/32,10.0.0.1/32", "10.0.0.1/32")]
    public void Ranges_of_both_families_are_read(string text, string expected)
    {
        Assert.Null(Exclusions.ReadCidrs(text, out var cidrs));
        Assert.Equal(expected, string.Join(',', cidrs));
    }

    [Theory]
    [InlineData("")]
    [InlineData("10.0.0.0")]
    [InlineData("10.0.0.0/33")]
    [InlineData("fd00::/129")]
    [InlineData("10.0.0.0/8,")]
    [InlineData("10.0.0.0/08")]
    [InlineData("10.0.0/8")]
    [InlineData("all")]
    public void What_is_no_list_of_ranges_excludes_none(string text)
    {
        Assert.NotNull(Exclusions.ReadCidrs(text, out var cidrs));
        Assert.Empty(cidrs);
    }

    [Theory]
    [InlineData(Exclusions.MostCidrs - 1, true)]
    [InlineData(Exclusions.MostCidrs, true)]
    [InlineData(Exclusions.MostCidrs + 1, false)]
    public void The_number_of_ranges_is_bounded(int count, bool isRead)
    {
        var fault = Exclusions.ReadCidrs(string.Join(',', Enumerable.Range(0, count).Select(i => $"10.{i}.0.0/16")), out var cidrs);

        Assert.Equal(isRead, fault is null);
        Assert.Equal(isRead ? count : 0, cidrs.Count);
    }

    [Theory]
    [InlineData(79, false)]
    [InlineData(80, true)]
    [InlineData(81, false)]
    [InlineData(7999, false)]
    [InlineData(8000, true)]
    [InlineData(8010, true)]
    [InlineData(8011, false)]
    public void A_range_covers_its_first_and_last_port(int port, bool isCovered)
    {
        Assert.Null(Exclusions.ReadPorts("80,8000-8010", out var ports));

        Assert.Equal(isCovered, new Exclusions { InboundPorts = ports }.CoversInbound((ushort)port));
    }
}
