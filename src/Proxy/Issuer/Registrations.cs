namespace Proxy.Issuer;

/// <summary>What is registered; replaced as a whole.</summary>
internal sealed class Registrations
{
    private volatile RegistrationSnapshot _current = new(RegisteredContent.Empty);

    public RegistrationSnapshot Current => _current;

    /// <summary>Called by one watcher only.</summary>
    public void Replace(RegisteredContent content)
    {
        var previous = _current;
        _current = new RegistrationSnapshot(content);
        previous.SetReplaced();
    }
}
