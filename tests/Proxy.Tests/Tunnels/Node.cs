using Proxy.Capture;
using Proxy.Telemetry;
using Proxy.Tests.Engine;
using Proxy.Tests.Stories;
using Proxy.Tls;

namespace Proxy.Tests.Tunnels;

/// <summary>One worker of a node, with its own snapshot.</summary>
internal sealed class Node
{
    /// <summary>What nodes have unless a test says otherwise: what is unknown is held briefly, no handshake is too slow.</summary>
    public static readonly ConnectionLimits Patient = new() { Hold = TimeSpan.FromMilliseconds(100), Handshake = Patience.Limit };

    public Node(string name, ConnectionLimits? limits, ConnectionBudget? budget = null, TimeProvider? time = null, TlsEngine? engine = null, TimeProvider? workerTime = null)
    {
        Worker = new TestWorker(workerTime);
        Flows = new FlowRing(name, TimeProvider.System);
        limits ??= Patient;
        Seat = new ConnectionSeat(Worker.Worker, 1, Mesh, name, limits, Flows, time ?? TimeProvider.System)
        {
            // Each node speaks TLS by the other engine, unless a test says otherwise.
            Tls = engine ?? (name == Cast.ThisNode ? TlsEngine.LibSsl : TlsEngine.SslStream),
            Budget = budget ?? new ConnectionBudget(int.MaxValue, int.MaxValue),
        };
    }

    public TestWorker Worker { get; }

    public MeshState Mesh { get; } = new();

    public LocalPods Pods { get; } = new();

    public FlowRing Flows { get; }

    public ConnectionSeat Seat { get; }

    /// <summary>Has everything done that a change of the mesh, or the end of a peer, has brought about.</summary>
    public Task SettleAsync() => Worker.SettleAsync();
}
