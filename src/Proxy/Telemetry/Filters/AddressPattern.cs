using Proxy.Policy;

namespace Proxy.Telemetry.Filters;

/// <summary>One address, or all in a CIDR range.</summary>
internal sealed class AddressPattern
{
    private readonly Address? _exact;
    private readonly Cidr _range;

    private AddressPattern(Address? exact, Cidr range)
    {
        _exact = exact;
        _range = range;
    }

    public static AddressPattern Parse(string text)
    {
        if (Address.TryParse(text, out var exact))
            return new AddressPattern(exact, default);
        if (Cidr.TryParse(text, out var range))
            return new AddressPattern(null, range);
        throw new FilterFault($"invalid IP address or CIDR '{text}'");
    }

    public bool Matches(string? text) =>
        Address.TryParse(text, out var address)
        && (_exact is { } exact ? address == exact : _range.Contains(address));
}
