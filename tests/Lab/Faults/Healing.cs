using Lab.Traffic;

namespace Lab.Faults;

/// <summary>After the last fault: every kind of exchange of every client that may succeeds again, and stays so.</summary>
internal sealed class Healing(FaultMesh mesh, IReadOnlyList<TrafficRun> clients)
{
    /// <summary>From the end of the last fault; a SYN that was lost is sent again after 1 and 3 seconds, a cut pod's neighbours are found anew.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(8);

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private const int Successes = 2;

    public async Task<IReadOnlyList<string>> RunAsync()
    {
        var from = (TimeProvider.System.GetUtcNow() + Grace).ToUnixTimeMilliseconds();
        await mesh.Lab.SettleAsync();
        await Wait.UntilAsync(() => clients.All(client => IsDone(client, from)), Limit);
        foreach (var client in clients)
        {
            await client.StopAsync();
        }

        return [.. clients.SelectMany(client => Missing(client, from)).Concat(clients.SelectMany(client => Failed(client, from)))];
    }

    private bool IsDone(TrafficRun client, long from) => !Missing(client, from).Any();

    private IEnumerable<string> Missing(TrafficRun client, long from)
    {
        if (client.Client == mesh.Outsider)
        {
            return [];
        }

        var records = client.Records();
        return records.Select(record => record.Kind).Distinct()
            .Where(kind => records.Count(record => record.Kind == kind && record.Begun >= from && record.IsGood) < Successes)
            .Select(kind => $"{client.Client.Name}: {kind} did not succeed again; the last: {records.LastOrDefault(record => record.Kind == kind)}");
    }

    private IEnumerable<string> Failed(TrafficRun client, long from) => client.Client == mesh.Outsider
        ? []
        : client.Records().Where(record => record.Begun >= from && !record.IsGood).Select(record => $"{client.Client.Name}: failed after all had healed: {record}");
}
