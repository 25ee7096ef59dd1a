namespace Proxy.Policy.Documents;

/// <summary>The faults and the warnings of one document; the first hundred of each are kept.</summary>
internal sealed class FaultLog(string file, string document)
{
    private const int MostKept = 100;
    private readonly List<ManifestFault> _faults = [];
    private readonly List<ManifestFault> _warnings = [];

    /// <summary>In the order of the file.</summary>
    public IReadOnlyList<ManifestFault> Faults => Sorted(_faults);

    /// <summary>What refuses nothing, in the order of the file.</summary>
    public IReadOnlyList<ManifestFault> Warnings => Sorted(_warnings);

    /// <summary>Of faults.</summary>
    public int Count { get; private set; }

    /// <summary>No further fault is kept: what costs time to say about one need not be found out.</summary>
    public bool IsFull => _faults.Count == MostKept;

    public void Add(ManifestNode at, string reason, string hint = "")
    {
        Count++;
        if (!IsFull)
            _faults.Add(FaultAt(at, reason, hint));
    }

    /// <summary>A fault that the reader of the file has found.</summary>
    public void Add(ManifestFault fault)
    {
        Count++;
        if (!IsFull)
            _faults.Add(fault with { Document = document });
    }

    public void Warn(ManifestNode at, string reason, string hint = "")
    {
        if (_warnings.Count < MostKept)
            _warnings.Add(FaultAt(at, reason, hint));
    }

    private ManifestFault FaultAt(ManifestNode at, string reason, string hint) =>
        new(file, at.Line, at.Column, document, at.Path, reason, hint);

    private static ManifestFault[] Sorted(List<ManifestFault> faults) =>
        [.. faults.OrderBy(fault => (fault.Line, fault.Column))];
}
