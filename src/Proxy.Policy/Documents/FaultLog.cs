namespace Proxy.Policy.Documents;

/// <summary>The faults of one document; the first hundred are kept.</summary>
internal sealed class FaultLog(string file, string document)
{
    private const int MaxFaults = 100;
    private readonly List<ManifestFault> _faults = [];

    /// <summary>In the order of the file.</summary>
    public IReadOnlyList<ManifestFault> Faults => [.. _faults.OrderBy(fault => (fault.Line, fault.Column))];

    public int Count { get; private set; }

    public void Add(ManifestNode at, string reason, string hint = "")
    {
        Count++;
        if (_faults.Count < MaxFaults)
            _faults.Add(new ManifestFault(file, at.Line, at.Column, document, at.Path, reason, hint));
    }
}
