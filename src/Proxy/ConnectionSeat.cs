using System.Security.Cryptography.X509Certificates;
using Proxy.Capture;
using Proxy.Engine;
using Proxy.Http;
using Proxy.Lifetime;
using Proxy.Policy;
using Proxy.Spiffe;
using Proxy.Telemetry;
using Proxy.Tls;

namespace Proxy;

/// <summary>What connections may take at most; docs/LIMITS.md says what happens at each limit.</summary>
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

    /// <summary>
    /// How long a live connection may outlive the SVIDs that it was opened with. What is withdrawn cuts at once whatever this
    /// says; it is for what nobody has heard of, so it is longer than a working day.
    /// </summary>
    public TimeSpan AgePastExpiry { get; init; } = TimeSpan.FromDays(1);

    /// <summary>How many tunnels to other nodes rest without a stream, and for how long.</summary>
    public TunnelLimits Tunnels { get; init; } = new();

    /// <summary>Captured connections of one workload at once, both directions together.</summary>
    public int ConnectionsPerWorkload { get; init; } = 16384;

    /// <summary>Captured connections of the process at once; fewer where the descriptors do not suffice.</summary>
    public int Connections { get; init; } = 1_000_000;

    /// <summary>
    /// Descriptors kept for the process itself: 275 that it holds (code, files, sockets), 80 for the tools of eight pods
    /// captured at once, and one for each client of the admin server and the observer.
    /// </summary>
    public int ReservedDescriptors { get; init; } = 512;

    /// <summary>The same without those clients.</summary>
    internal const int FewestReservedDescriptors = 384;

    /// <summary>MiB of relay buffers in use at once, of all workers together.</summary>
    public int BufferMemory { get; init; } = 512;

    /// <summary>New TLS handshakes of one client that may wait on one worker, for a place with their server or for their turn.</summary>
    public int HandshakesPerClient { get; init; } = HandshakeTurns.DefaultLimit;

    /// <summary>Unanswered questions of the kernel that are held per pod; further ones are dropped, and TCP asks again.</summary>
    public int HeldQuestions { get; init; } = 256;

    /// <summary>First packets per pod that may wait in the kernel for an answer; further ones are dropped there.</summary>
    public int QuestionQueue { get; init; } = 1024;

    /// <summary>When a relayed connection is ended that nobody ends.</summary>
    public RelayLimits Relay { get; init; } = RelayLimits.None;

    /// <summary>A head is held back whole, in one buffer, with room to see that it is too long.</summary>
    internal const int LargestHead = BufferPool.BufferSize - Leg.Headroom - 1;

    /// <summary>What the gate accepts of HTTP.</summary>
    public GateLimits Http { get; init; } = GateLimits.Default;
}

/// <summary>All that the connections of one worker share: nothing in it is touched by another thread.</summary>
internal sealed class ConnectionSeat
{
    private static readonly TimeSpan ForgetAgain = TimeSpan.FromMilliseconds(250);

    private readonly MeshState _mesh;
    private readonly SvidAges _ages;
    private readonly WheelTimer _meshAgain;
    private bool _isMeshPosted;
    private long _revisionInForce;
    private int _questionsHeld;
    private long _refusalsNotTold;

    internal ConnectionSeat(Worker worker, int workers, MeshState mesh, string nodeName, ConnectionLimits limits, FlowRing flows, TimeProvider time)
    {
        Worker = worker;
        NodeName = nodeName;
        Limits = limits;
        Flows = flows;
        _mesh = mesh;
        Time = time;
        _ages = new SvidAges(limits.AgePastExpiry, time);
        Dialer = new Dialer(worker, workers, limits.Connect);
        Places = new HandshakePlaces(worker.Timers, time, limits.Handshake) { MostWaiting = limits.HandshakesPerClient };
        Signal = new SnapshotSignal(worker);
        Tunnels = new OutboundTunnels(this);
        _meshAgain = new WheelTimer(OnMeshChanged);
        mesh.Changed += _ => PostMeshChanged();
    }

    internal Worker Worker { get; }

    internal string NodeName { get; }

    internal ConnectionLimits Limits { get; }

    internal FlowRing Flows { get; }

    internal TimeProvider Time { get; }

    internal Dialer Dialer { get; }

    /// <summary>Who may begin a handshake with a server.</summary>
    internal HandshakePlaces Places { get; }

    /// <summary>How many connections the process may have; the one thing that the workers share.</summary>
    internal ConnectionBudget Budget { get; init; } = new(int.MaxValue, int.MaxValue);

    /// <summary>Who speaks TLS to other nodes.</summary>
    internal TlsEngine Tls { get; init; }

    internal ConnectionTable Table { get; } = new();

    internal OutboundTunnels Tunnels { get; }

    /// <summary>Tunnels of other nodes that carry no stream just now.</summary>
    internal RestingInbound RestingInbound { get; init; } = new();

    /// <summary>Gives up a tunnel that rests, so that a connection may have its descriptor: at once, or when its client has heard.</summary>
    internal bool GiveUpOne() => Tunnels.TryEndOne() || RestingInbound.RetireOne();

    internal SnapshotSignal Signal { get; }

    /// <summary>The kernel's questions that this worker answers.</summary>
    internal List<KernelQuestions> Questions { get; } = [];

    /// <summary>Questions of all its pods that are held; any thread may ask.</summary>
    internal int QuestionsHeld => Volatile.Read(ref _questionsHeld);

    internal void CountHeld(int change) => Volatile.Write(ref _questionsHeld, _questionsHeld + change);

    /// <summary>Refused packets that no flow tells of, for the like of them was told just before; any thread may ask.</summary>
    internal long RefusalsNotTold => Volatile.Read(ref _refusalsNotTold);

    internal void CountNotTold() => Volatile.Write(ref _refusalsNotTold, _refusalsNotTold + 1);

    internal MeshSnapshot Mesh => _mesh.Current;

    /// <summary>
    /// Of the cluster: nothing that was allowed by an earlier one goes on at this worker unless this one allows it too, no
    /// connection and no flow that the kernel remembers. Any thread may ask.
    /// </summary>
    internal long RevisionInForce => Volatile.Read(ref _revisionInForce);

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

    internal Judgement Judge(LiveConnection connection) => Judge(connection, Mesh);

    internal Judgement Judge(LiveConnection connection, MeshSnapshot mesh) =>
        Judgement.Of(mesh, connection.Parties, connection.Authentication, NodeName);

    // Of changes that come faster than connections are judged, the last is the one that counts.
    private void PostMeshChanged()
    {
        if (!Interlocked.Exchange(ref _isMeshPosted, true))
            Worker.Post(OnMeshChanged);
    }

    private void OnMeshChanged()
    {
        // A fence: what is published after this is posted again, and what was before it is read below.
        Interlocked.Exchange(ref _isMeshPosted, false);
        var mesh = Mesh;
        // A stream first: cut with its tunnel, it could not tell why.
        RejudgeAll(mesh, tunnels: false);
        RejudgeAll(mesh, tunnels: true);
        Worker.Guard(Tunnels.OnMeshChanged);
        if (TryForgetFlows())
            Volatile.Write(ref _revisionInForce, mesh.Cluster.Revision);
        else
            Worker.Timers.Schedule(_meshAgain, ForgetAgain);
        Signal.Signal();
    }

    private bool TryForgetFlows()
    {
        var forgetting = 0;
        foreach (var questions in Questions)
            Worker.Guard(() => forgetting += questions.OnMeshChanged() ? 1 : 0);
        return forgetting == Questions.Count;
    }

    /// <summary>Whether there may be a connection by now that has outlived its SVID; any thread may ask.</summary>
    internal bool IsAgeDue => _ages.IsDue;

    /// <summary>Cuts what has outlived the SVIDs that it rests on; for <see cref="IsAgeDue"/>, as nothing else tells of the time.</summary>
    internal void CutOutlived()
    {
        _ages.Forget();
        CutOutlived(tunnels: false);
        CutOutlived(tunnels: true);
    }

    private void CutOutlived(bool tunnels) => Table.ForEach(
        connection =>
        {
            if (connection.Proof is not { } proof || connection.IsTunnel != tunnels)
                return;
            if (_ages.IsOver(proof))
                Cut(connection, OutcomeReason.SvidOutlived);
            else
                _ages.Follow(proof);
        },
        CutAfterBug);

    /// <summary>Both ends have proven who they are; the connection rests on that from now on.</summary>
    internal void Authenticate(LiveConnection connection, ConnectionProof proof)
    {
        connection.Proof = proof;
        connection.Authentication = PeerAuthentication.Authenticated;
        _ages.Follow(proof);
    }

    private void RejudgeAll(MeshSnapshot mesh, bool tunnels) => Table.ForEach(
        connection =>
        {
            if (connection.IsTunnel == tunnels)
                Rejudge(connection, mesh);
        },
        CutAfterBug);

    // What cannot be judged is not allowed.
    private void CutAfterBug(LiveConnection connection, Exception bug)
    {
        Worker.Report(bug);
        connection.Cut(OutcomeReason.InternalError);
    }

    /// <summary>Promise 4: what would now be refused is cut, and so is what would now need a gate that it lacks.</summary>
    private void Rejudge(LiveConnection connection, MeshSnapshot mesh)
    {
        if (FindCutReason(connection, mesh) is { } reason)
            Cut(connection, reason);
        else
            connection.OnSpared?.Invoke();
    }

    private void Cut(LiveConnection connection, OutcomeReason reason)
    {
        if (!connection.IsTunnel)
            ConnectionFlows.WriteCut(Flows, connection.Parties, reason);
        connection.Cut(reason);
    }

    /// <summary>What ends the connection while it is relayed and neither end does.</summary>
    internal RelayWatch Watch(LiveConnection connection) => new(Worker, Limits.Relay, end => Cut(connection, end switch
    {
        RelayEnd.Idle => OutcomeReason.IdleTimedOut,
        RelayEnd.HalfOpen => OutcomeReason.HalfOpenTimedOut,
        _ => OutcomeReason.OutOfResources,
    }), BufferOwnerOf(connection.Parties));

    /// <summary>Whose connection ends when others need the buffer that it holds while it is not relayed yet.</summary>
    internal BufferHolder HolderOf(LiveConnection connection) =>
        new(BufferOwnerOf(connection.Parties), () => Cut(connection, OutcomeReason.OutOfResources));

    // Who opened it; of strangers the pod of this node that they come to, for they may have any number of addresses.
    private static string BufferOwnerOf(in Parties parties) => (parties.Client.Workload ?? parties.Server.Workload)?.Uid ?? "";

    /// <summary>
    /// Looks the ends up in the directory of now, whatever was known of them when the connection was captured or its
    /// handshake began. Not null when they are other pods by now, or have lost what they proved.
    /// </summary>
    internal OutcomeReason? FindLostGround(LiveConnection connection) => FindLostGround(connection, Mesh);

    internal OutcomeReason? FindLostGround(LiveConnection connection, MeshSnapshot mesh)
    {
        var parties = connection.Parties.As(mesh.Cluster);
        if (!parties.AreSamePods(connection.Parties))
            return OutcomeReason.WorkloadChanged;
        connection.Know(parties);
        return connection.Proof is { } proof ? FindLostProof(proof, parties, mesh) : null;
    }

    private OutcomeReason? FindCutReason(LiveConnection connection, MeshSnapshot mesh)
    {
        if (FindLostGround(connection, mesh) is { } lost)
            return lost;
        // Each of its streams is judged by itself, and refused with its reason.
        if (connection.IsTunnel)
            return null;
        var judgement = Judge(connection, mesh);
        if (!judgement.IsAllowed)
            return OutcomeReason.PolicyChanged;
        connection.Take(judgement);
        if (judgement.Http is not { } rules || !connection.IsRelaying)
            return null;
        if (!connection.HasGate)
            return judgement.OnlyWatches ? null : OutcomeReason.GateRequired;
        return connection.RefusesUnderway?.Invoke(rules) == true ? OutcomeReason.PolicyChanged : null;
    }

    private OutcomeReason? FindLostProof(ConnectionProof proof, in Parties parties, MeshSnapshot mesh)
    {
        if (proof.ClientIsOurs && parties.Client.Workload is { } client && !mesh.Identities.Holds(client.Uid, client.ExpectedId))
            return OutcomeReason.NoClientSvid;
        if (proof.ServerIsOurs && parties.Server.Workload is { } server && !mesh.Identities.Holds(server.Uid, server.ExpectedId))
            return OutcomeReason.NoServerSvid;
        if (parties.Client.Workload?.ExpectedId.Equals(proof.ClientId) == false || parties.Server.Workload?.ExpectedId.Equals(proof.ServerId) == false)
            return OutcomeReason.PeerUnexpectedId;
        return FindLostBelief(mesh, proof.ClientIsOurs, parties.Client, proof.ServerId, proof.ServerRoot)
            ?? FindLostBelief(mesh, proof.ServerIsOurs, parties.Server, proof.ClientId, proof.ClientRoot)
            ?? (_ages.IsOver(proof) ? OutcomeReason.SvidOutlived : null);
    }

    // What one of our workloads believes is what was given to it, not what others may use.
    private OutcomeReason? FindLostBelief(MeshSnapshot mesh, bool isOurs, in Party party, SpiffeId peer, X509Certificate2? root)
    {
        if (!isOurs || party.Workload is not { } workload)
            return null;
        if (mesh.Identities.FindBundle(workload.Uid, peer.TrustDomain) is not { } bundle)
            return OutcomeReason.NoBundle;
        return root is null || bundle.StillAnchors(root, Time.GetUtcNow()) ? null : OutcomeReason.PeerUntrusted;
    }
}
