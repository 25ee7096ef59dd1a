using System.Threading.Channels;
using Proxy.Admin;
using Proxy.Capture;
using Proxy.Cluster;
using Proxy.Engine;
using Proxy.Kernel;
using Proxy.Lifetime;
using Proxy.Native;
using Proxy.Spiffe;
using Proxy.Spiffe.Federation;
using Proxy.Telemetry;
using Proxy.Tls;

namespace Proxy;

/// <summary>The node's process: puts the rooms together, keeps them following the cluster, and takes them apart.</summary>
internal sealed class Daemon(ProxyOptions options, TimeProvider time, Log log)
{
    private static readonly TimeSpan RetryEvery = TimeSpan.FromSeconds(1);
    private static readonly string Version = typeof(Daemon).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    private readonly MeshState _mesh = new();
    private readonly LocalPods _pods = new();
    private TlsEngine _tls;
    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Runs until <paramref name="stop"/>; capture rules stay, so that pods are closed and not open afterwards.</summary>
    /// <exception cref="IOException">A refused start: what is missing, and what to do.</exception>
    internal async Task RunAsync(CancellationToken stop)
    {
        var budget = CreateBudget();
        RuntimeThreads.StartPool();
        ChooseTls();
        var tools = RequireCapture();
        log.Debug($"{ProgramCode.LoadAll()} assemblies loaded");
        if (options.PodCidrs.Count == 0)
            log.Warning("no --pod-cidr: an unknown pod's address cannot be told from one outside the cluster");
        Directory.CreateDirectory(options.RunDirectory);
        using var home = NetworkNamespace.Current();
        var flows = new FlowRing(options.NodeName, time);
        var seats = StartWorkers(flows, budget);
        await using var cluster = new ManifestCluster(options.ManifestDirectory, ClusterOptionsOf(options), time, log.For("cluster").AsAction(LogLevel.Info));
        await using var review = new PolicyReview(time, log.For("policy").AsAction(LogLevel.Info));
        await using var identities = CreateSource();
        var probes = new NodeProbes(options.NodeName, NodeRules.WithWhatWorks(options.Capture, tools, log.For("capture").AsAction(LogLevel.Warning)), home, time, log.For("capture").AsAction(LogLevel.Error));
        var rules = new CaptureRules(probes.Options, tools);
        var namespaces = new PodNamespaces(options.NodeName, rules, home, options.Capture.ProxyMark, _pods,
            (pod, _) => new PodOpening(pod, seats, options.Capture, Accept).OpenAsync(), time, log.For("capture").AsAction(LogLevel.Info))
        {
            Watch = new RuleWatch(rules, new RuleWatchOptions { Every = options.RuleLookEvery }, time, log.For("capture").AsAction(LogLevel.Error)),
        };
        cluster.Changed += snapshot => Follow(snapshot, identities);
        cluster.Changed += review.Follow;
        identities.Changed += Follow;
        var status = new DaemonStatus(_mesh, _pods, namespaces, probes, identities, seats, budget, options.Limits, _tls)
        {
            Review = review,
            Source = options.Identity,
            Time = time,
        };

        await using var observer = await ObserverServer.StartAsync(flows, Path.Combine(options.RunDirectory, "observer.sock"), new ServerInfo(Version), stop);
        await using var admin = await StartAdminAsync(status);
        await cluster.StartAsync(stop);
        var identityStream = identities.RunAsync(stop);
        var ageWatch = AgeWatch.RunAsync(seats, time, stop);
        // Without them a kubelet's probes would be refused once the pods are captured: then there is no start.
        await probes.ReconcileAsync(_mesh.Current.Cluster);
        await ReconcileAsync(probes, namespaces, status, stop);
        await namespaces.CloseAsync();
        await Task.WhenAll(identityStream, ageWatch);
        foreach (var seat in seats)
            seat.Worker.Dispose();
    }

    private IIdentitySource CreateSource()
    {
        var tell = log.For("identity").AsAction(LogLevel.Info);
        var source = options.Identity.CreateSource(time, tell);
        return options.Federation.Domains.Count == 0 ? source : new FederatedIdentitySource(source, options.Federation, time, tell);
    }

    /// <summary>A port that somebody else has taken must not keep the pods closed: then there is no admin server.</summary>
    private async Task<AdminServer?> StartAdminAsync(DaemonStatus status)
    {
        try
        {
            return await AdminServer.StartAsync(options.AdminPort, status.Write, () => status.IsReady);
        }
        catch (IOException e)
        {
            log.Error($"no admin server: {e.Message} Free the port or give another one (--admin-port).");
            return null;
        }
    }

    /// <summary>The descriptors that are left to pods and connections when the workers have theirs and the control plane its reserve.</summary>
    private ConnectionBudget CreateBudget()
    {
        var descriptors = DescriptorLimit.Read();
        var own = options.Limits.ReservedDescriptors + (Worker.Descriptors * options.Workers);
        var budget = new ConnectionBudget(options.Limits.Connections, descriptors - own);
        var text = $"at most {budget.Limit} connections: {descriptors} descriptors (RLIMIT_NOFILE), {own} of them reserved";
        if (budget.Limit == 0)
            throw new IOException($"{text}; raise the one (ulimit -n) or lower the other (--reserved-descriptors)");
        log.Info(text);
        return budget;
    }

    private void ChooseTls()
    {
        (_tls, var note) = TlsEngines.Choose(options.Tls);
        log.Write(_tls == TlsEngine.SslStream && note.Length > 0 ? LogLevel.Warning : LogLevel.Info, "TLS", ("by", _tls.Text()), ("detail", note));
    }

    private List<ConnectionSeat> StartWorkers(FlowRing flows, ConnectionBudget budget)
    {
        var seats = new List<ConnectionSeat>();
        for (var i = 0; i < options.Workers; i++)
        {
            var worker = CreateWorker(i);
            seats.Add(new ConnectionSeat(worker, options.Workers, _mesh, options.NodeName, options.Limits, flows, time) { Budget = budget, Tls = _tls });
            worker.Start();
        }

        return seats;
    }

    private Worker CreateWorker(int index) => new(index, time, e => log.Error($"bug in worker {index}: {e}"))
    {
        Buffers = new BufferPool { Limit = BufferPool.CountOf(options.Limits.BufferMemory, options.Workers) },
        Handshakes = new HandshakeTurns { Limit = options.Limits.HandshakesPerClient },
    };

    private void Follow(ClusterSnapshot cluster, IIdentitySource identities)
    {
        _mesh.Publish(cluster);
        identities.Track([.. cluster.LocalTo(options.NodeName).Where(workload => workload.IsEnrolled).Select(ReferenceTo)]);
        _changes.Writer.TryWrite(true);
    }

    private void Follow(IdentitySnapshot identities)
    {
        _tls.Prepare(identities.Svids.Select(held => held.Svid));
        _mesh.Publish(identities);
    }

    /// <summary>Follows the cluster; now and then looks by itself, for namespaces come and go without a manifest's change.</summary>
    private async Task ReconcileAsync(NodeProbes probes, PodNamespaces namespaces, DaemonStatus status, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var stands = await TryReconcileAsync(namespaces, probes, stop);
            if (stands && !status.IsReady)
                log.Info("node-proxy ready");
            status.IsReady = stands;
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
            limit.CancelAfter(RetryEvery);
            await _changes.Reader.WaitToReadAsync(limit.Token).AsTask().ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            _changes.Reader.TryRead(out _);
        }
    }

    /// <summary>Whatever goes wrong, for want of descriptors or memory for example, is tried again: live connections go on.</summary>
    private async Task<bool> TryReconcileAsync(PodNamespaces namespaces, NodeProbes probes, CancellationToken stop)
    {
        try
        {
            var cluster = _mesh.Current.Cluster;
            var probing = probes.ReconcileAsync(cluster);
            return await namespaces.ReconcileAsync(cluster, stop) & await probing;
        }
#pragma warning disable CA1031 // the process stays up, and a bug must be seen in the log
        catch (Exception e) when (!stop.IsCancellationRequested)
#pragma warning restore CA1031
        {
            log.Error($"capture failed, trying again: {e}");
            return false;
        }
    }

    private void Accept(ConnectionSeat seat, CapturedConnection captured, bool isOutbound) => _ = RunAsync(seat, captured, isOutbound);

    /// <summary>The one place where a connection's story starts, ends, and gives back what it took.</summary>
    private async Task RunAsync(ConnectionSeat seat, CapturedConnection captured, bool isOutbound)
    {
        try
        {
            var outcome = isOutbound
                ? await new Outbound(seat, _pods).RunAsync(captured)
                : await new Inbound(seat, (stream, ended) => Tell(stream, isOutbound, ended)).RunAsync(captured);
            Tell(captured, isOutbound, outcome);
        }
#pragma warning disable CA1031 // the connection ends either way, and a bug must be seen in the log
        catch (Exception e)
#pragma warning restore CA1031
        {
            log.Error($"bug in a connection of {captured.Pod.Workload}: {e}");
            Tell(captured, isOutbound, seat.EndForBug(captured, isOutbound));
        }
        finally
        {
            captured.Leg.Abort();
            await captured.Leg.GoneAsync();
            captured.Pod.Leave();
            seat.Budget.Leave();
        }
    }

    private void Tell(in CapturedConnection captured, bool isOutbound, in ConnectionOutcome outcome)
    {
        var level = outcome.WasServed ? LogLevel.Debug : LogLevel.Info;
        if (!log.IsEnabled(level))
            return;
        log.Write(level, outcome.WasServed ? "connection ended" : "connection refused",
            ("side", isOutbound ? "outbound" : "inbound"), ("pod", captured.Pod.Workload), ("client", captured.Client.Endpoint),
            ("server", captured.Destination.Endpoint), ("reason", outcome.Reason.Text()), ("detail", outcome.Detail));
    }

    private static WorkloadReference ReferenceTo(Workload workload) =>
        new(workload.Uid, workload.Namespace, workload.Name, workload.ServiceAccount, workload.NodeName, workload.Labels);

    private static ClusterOptions ClusterOptionsOf(ProxyOptions options) =>
        new() { TrustDomain = options.TrustDomain, SpiffeIds = options.SpiffeIds, NodeName = options.NodeName, PodCidrs = options.PodCidrs };

    private CaptureTools RequireCapture()
    {
        var means = CaptureRequirements.Check(options.Capture, ToolPath.OfProcess);
        var tools = means.Tools ?? throw new IOException(means.Fault);
        log.Info($"capture rules are made with {tools.Iptables}");
        foreach (var note in means.Notes)
            log.Warning(note);
        return tools;
    }
}
