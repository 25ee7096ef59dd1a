using Proxy.Engine;
using Proxy.Lifetime;
using Proxy.Telemetry;

namespace Proxy;

/// <summary>The limits of a connection's beginning and of a workload.</summary>
internal sealed record ConnectionLimits
{
    /// <summary>From the first SYN of the upstream connection to its establishment.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>From the first byte of the TLS handshake to the peer's verified certificate.</summary>
    public TimeSpan Handshake { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a connection waits for a manifest or an SVID that may be under way.</summary>
    public TimeSpan Hold { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>From OPEN in a tunnel to the answer of the server's node, which holds and connects meanwhile.</summary>
    public TimeSpan Open { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How many tunnels to other nodes rest without a stream, and for how long.</summary>
    public TunnelLimits Tunnels { get; init; } = new();

    /// <summary>Captured connections of one workload at once, both directions together.</summary>
    public int ConnectionsPerWorkload { get; init; } = 16384;
}

/// <summary>All that the connections of one worker share: nothing in it is touched by another thread.</summary>
internal sealed class ConnectionSeat
{
    private readonly MeshState _mesh;

    internal ConnectionSeat(Worker worker, int workers, MeshState mesh, string nodeName, ConnectionLimits limits, FlowRing flows, TimeProvider time)
    {
        Worker = worker;
        NodeName = nodeName;
        Limits = limits;
        Flows = flows;
        _mesh = mesh;
        Time = time;
        Dialer = new Dialer(worker, workers, limits.Connect);
        Signal = new SnapshotSignal(worker);
        Tunnels = new OutboundTunnels(this);
        mesh.Changed += _ => worker.Post(OnMeshChanged);
    }

    internal Worker Worker { get; }

    internal string NodeName { get; }

    internal ConnectionLimits Limits { get; }

    internal FlowRing Flows { get; }

    internal TimeProvider Time { get; }

    internal Dialer Dialer { get; }

    internal ConnectionTable Table { get; } = new();

    internal OutboundTunnels Tunnels { get; }

    internal SnapshotSignal Signal { get; }

    /// <summary>The kernel's questions that this worker answers.</summary>
    internal List<KernelQuestions> Questions { get; } = [];

    internal MeshSnapshot Mesh => _mesh.Current;

    /// <summary>Looks until something is found or the hold limit has passed: a manifest or an SVID may be under way.</summary>
    internal async ValueTask<T?> HoldForAsync<T>(Func<MeshSnapshot, T?> find)
        where T : class
    {
        var start = Time.GetTimestamp();
        while (true)
        {
            if (find(Mesh) is { } found)
                return found;
            var left = Limits.Hold - Time.GetElapsedTime(start);
            if (left <= TimeSpan.Zero || !await Signal.NextAsync(left))
                return find(Mesh);
        }
    }

    internal Judgement Judge(LiveConnection connection) =>
        Judgement.Of(Mesh, connection.Parties, connection.Authentication, NodeName);

    private void OnMeshChanged()
    {
        var mesh = Mesh;
        Table.ForEach(connection => Rejudge(connection, mesh));
        Tunnels.OnMeshChanged();
        foreach (var questions in Questions)
            questions.OnMeshChanged();
        Signal.Signal();
    }

    /// <summary>Promise 4: what would now be refused is cut, and so is what would now need a gate that it lacks.</summary>
    private void Rejudge(LiveConnection connection, MeshSnapshot mesh)
    {
        if (FindCutReason(connection, mesh) is not { } reason)
        {
            connection.OnSpared?.Invoke();
            return;
        }

        if (!connection.IsTunnel)
            ConnectionFlows.WriteCut(Flows, connection.Parties, reason);
        connection.Cut(reason);
    }

    /// <summary>
    /// Looks the ends up in the directory of now, whatever was known of them when the connection was captured or its
    /// handshake began. Not null when they are other pods by now, or have lost what they proved.
    /// </summary>
    internal OutcomeReason? FindLostGround(LiveConnection connection) => FindLostGround(connection, Mesh);

    private static OutcomeReason? FindLostGround(LiveConnection connection, MeshSnapshot mesh)
    {
        var parties = connection.Parties.As(mesh.Cluster);
        if (!parties.AreSamePods(connection.Parties))
            return OutcomeReason.WorkloadChanged;
        connection.Parties = parties;
        return connection.Proof is { } proof ? FindLostProof(proof, parties, mesh) : null;
    }

    private OutcomeReason? FindCutReason(LiveConnection connection, MeshSnapshot mesh)
    {
        if (FindLostGround(connection, mesh) is { } lost)
            return lost;
        // Each of its streams is judged by itself, and refused with its reason.
        if (connection.IsTunnel)
            return null;
        var judgement = Judgement.Of(mesh, connection.Parties, connection.Authentication, NodeName);
        if (!judgement.IsAllowed)
            return OutcomeReason.PolicyChanged;
        connection.Http = judgement.Http;
        if (judgement.Http is not { } rules || !connection.IsRelaying)
            return null;
        if (!connection.HasGate)
            return OutcomeReason.GateRequired;
        return connection.RefusesUnderway?.Invoke(rules) == true ? OutcomeReason.PolicyChanged : null;
    }

    private static OutcomeReason? FindLostProof(ConnectionProof proof, in Parties parties, MeshSnapshot mesh)
    {
        if (proof.ClientIsOurs && parties.Client.Workload is { } client && mesh.Identities.FindSvid(client.Uid, client.ExpectedId) is null)
            return OutcomeReason.NoClientSvid;
        if (proof.ServerIsOurs && parties.Server.Workload is { } server && mesh.Identities.FindSvid(server.Uid, server.ExpectedId) is null)
            return OutcomeReason.NoServerSvid;
        if (parties.Client.Workload?.ExpectedId.Equals(proof.ClientId) == false || parties.Server.Workload?.ExpectedId.Equals(proof.ServerId) == false)
            return OutcomeReason.PeerUnexpectedId;
        return mesh.Identities.FindBundle(proof.ClientId.TrustDomain) is null || mesh.Identities.FindBundle(proof.ServerId.TrustDomain) is null
            ? OutcomeReason.NoBundle
            : null;
    }
}
