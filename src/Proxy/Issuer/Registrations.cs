using Proxy.Spiffe.Issuing;

namespace Proxy.Issuer;

/// <summary>The registration entries in force; replaced as a whole.</summary>
internal sealed class Registrations
{
    private volatile RegistrationSnapshot _current = new([]);

    public RegistrationSnapshot Current => _current;

    /// <summary>Called by one watcher only.</summary>
    public void Replace(IReadOnlyList<RegistrationEntry> entries)
    {
        var previous = _current;
        _current = new RegistrationSnapshot(entries);
        previous.SetReplaced();
    }
}
