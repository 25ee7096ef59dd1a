using System.Text;

namespace Lab;

/// <summary>The registrations that the issuer reads: one per service account, withdrawn and restored while it runs.</summary>
public sealed class EntriesFile
{
    private readonly Lock gate = new();
    private readonly SortedSet<(string Namespace, string ServiceAccount)> entries = [];
    private readonly List<(string SpiffeId, string Selector)> processes = [];
    private readonly string trustDomain;

    public EntriesFile(string path, string trustDomain)
    {
        (FilePath, this.trustDomain) = (path, trustDomain);
        Write();
    }

    public string FilePath { get; }

    public string SpiffeIdOf(string @namespace, string serviceAccount) =>
        $"spiffe://{trustDomain}/ns/{@namespace}/sa/{serviceAccount}";

    public void Add(string @namespace, string serviceAccount) => Change(() => entries.Add((@namespace, serviceAccount)));

    public void Withdraw(string @namespace, string serviceAccount) => Change(() => entries.Remove((@namespace, serviceAccount)));

    public void Restore(string @namespace, string serviceAccount) => Add(@namespace, serviceAccount);

    /// <summary>An entry for a process of this machine.</summary>
    public void AddProcess(string spiffeId, string selector) => Change(() =>
    {
        processes.Add((spiffeId, selector));
        return true;
    });

    private void Change(Func<bool> change)
    {
        lock (gate)
        {
            if (change())
            {
                Write();
            }
        }
    }

    private void Write()
    {
        var text = new StringBuilder(entries.Count + processes.Count == 0 ? "entries: []\n" : "entries:\n");
        foreach (var (@namespace, account) in entries)
        {
            text.Append($"  - spiffeId: {SpiffeIdOf(@namespace, account)}\n");
            text.Append($"    selectors: [\"k8s:ns:{@namespace}\", \"k8s:sa:{account}\"]\n");
        }

        foreach (var (id, selector) in processes)
        {
            text.Append($"  - spiffeId: {id}\n    selectors: [\"{selector}\"]\n");
        }

        LabDirectory.Replace(FilePath, text.ToString());
    }
}
