namespace Fuzz;

/// <summary>Feeds one target until something is found or it was enough. The same seed gives the same inputs.</summary>
internal sealed class Campaign(FuzzTarget target, int seed)
{
    private readonly Random _random = new(seed ^ StableHash(target.Name));
    private readonly List<byte[]> _inputs = [];
    private readonly Coverage _coverage = new();

    public long Tried { get; private set; }

    public int Edges => _coverage.Edges;

    public int Kept => _inputs.Count;

    /// <summary>Told of each input before it is tried, in case the process does not survive it.</summary>
    public Action<byte[]> Announce { get; init; } = _ => { };

    /// <summary>Null when nothing was found.</summary>
    public Finding? Run(IEnumerable<byte[]> regressions, Func<long, bool> goesOn)
    {
        var mutator = new Mutator(target, _random);
        foreach (var input in regressions.Concat(target.Seeds))
        {
            _inputs.Add(input);
            if (Try(input) is { } known)
                return known;
        }

        while (goesOn(Tried))
        {
            var input = mutator.Mutate(Pick(), Pick());
            if (Try(input) is { } finding)
                return finding;
            if (_coverage.FindNew())
                _inputs.Add(input);
        }

        return null;
    }

    /// <summary>The files that came of earlier findings.</summary>
    public static IEnumerable<byte[]> Regressions(FuzzTarget target)
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "Corpus", target.Name);
        return Directory.Exists(folder) ? Directory.GetFiles(folder).Order(StringComparer.Ordinal).Select(File.ReadAllBytes) : [];
    }

    private Finding? Try(byte[] input)
    {
        Tried++;
        Announce(input);
        Coverage.Begin();
        return Probe.Try(target, input);
    }

    // What was found last is looked at as often as all of the rest.
    private byte[] Pick()
    {
        var recent = Math.Min(_inputs.Count, 16);
        return _random.Next(2) == 0 ? _inputs[^(1 + _random.Next(recent))] : _inputs[_random.Next(_inputs.Count)];
    }

    private static int StableHash(string text) => text.Aggregate(17, (hash, letter) => unchecked((hash * 31) + letter));
}
