using System.Collections.Concurrent;

namespace Proxy.Spiffe.Streams;

/// <summary>What goes wrong on which stream; told once per change, not once per attempt.</summary>
internal sealed class SourceHealth(string unixSocketPath, Action<string> log)
{
    /// <summary>The subject of the bundle stream; no UID is empty.</summary>
    public const string Bundles = "";

    private readonly ConcurrentDictionary<string, string> _faults = new(StringComparer.Ordinal);
    private volatile bool _answered;

    public bool IsConnected => _answered && !_faults.ContainsKey(Bundles);

    public string? LastError => _faults.TryGetValue(Bundles, out var fault) ? fault : _faults.Values.FirstOrDefault();

    /// <summary>Takes the fault of a stream, or null if it works.</summary>
    public void Report(string subject, string what, string? fault)
    {
        if (fault is not null)
            Fail(subject, $"identity: {what} from {unixSocketPath}: {fault}");
        else if (_faults.TryRemove(subject, out _))
            log($"identity: {what} from {unixSocketPath}: received again");
        if (fault is null && subject == Bundles)
            _answered = true;
    }

    public void Forget(string subject) => _faults.TryRemove(subject, out _);

    private void Fail(string subject, string line)
    {
        var known = _faults.TryGetValue(subject, out var previous) && previous == line;
        _faults[subject] = line;
        if (!known)
            log(line);
    }
}
