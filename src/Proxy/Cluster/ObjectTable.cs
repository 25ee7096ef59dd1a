using Proxy.Policy.Documents;

namespace Proxy.Cluster;

/// <summary>Chooses one version of every object: the one that is written, or the last that was good.</summary>
internal sealed class ObjectTable
{
    private Dictionary<ObjectKey, object> _lastGood = [];

    /// <summary>
    /// A refused object, and one with two different definitions, keeps its last good version. Without one, its closed
    /// form stands in. An object that is no longer written is forgotten.
    /// </summary>
    public IReadOnlyList<object> Resolve(IEnumerable<ManifestObject> written, List<ManifestFault> faults)
    {
        var inForce = new List<object>();
        var good = new Dictionary<ObjectKey, object>();
        foreach (var versions in written.GroupBy(version => version.Key))
        {
            var all = versions.ToList();
            foreach (var version in all)
                faults.AddRange(version.Faults);

            if (!IsDisputed(all, faults) && !all[0].IsRefused)
                good[versions.Key] = all[0].Value;
            else if (_lastGood.TryGetValue(versions.Key, out var last))
            {
                good[versions.Key] = last;
                inForce.AddRange(all.Select(version => ClosedForm.Beyond(last, version)).OfType<object>());
            }
            else
                inForce.AddRange(all.Select(ClosedForm.Of).OfType<object>());
        }

        _lastGood = good;
        inForce.AddRange(good.Values);
        return inForce;
    }

    private static bool IsDisputed(List<ManifestObject> versions, List<ManifestFault> faults)
    {
        var disputed = false;
        foreach (var version in versions.Skip(1))
        {
            var isSame = version.SaysTheSameAs(versions[0]);
            disputed |= !isSame;
            faults.Add(version.Place.Fault(
                $"already defined at {versions[0].Place.File}:{versions[0].Place.Line}, "
                + (isSame ? "in the same words" : "differently; the last good version stays, or it is closed"),
                "remove one of them"));
        }

        return disputed;
    }
}
