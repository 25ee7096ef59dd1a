namespace Proxy.Capture;

/// <summary>Whether one more connection may begin.</summary>
internal enum Admission
{
    /// <summary>It may, and is counted.</summary>
    Admitted,

    /// <summary>Its workload has as many as are left for all the others.</summary>
    WorkloadIsFull,

    /// <summary>The process has as many as it may.</summary>
    ProcessIsFull,
}

/// <summary>
/// How many captured connections the process may have at once: as configured, and as the descriptors allow that the
/// captured pods and resting tunnels leave over. No workload may have more than are free then, so that each flood leaves
/// half of what it found to the next workload. Shared by all workers and the control plane.
/// </summary>
/// <param name="most">The configured limit.</param>
/// <param name="descriptors">Descriptors for pods and connections together: the process's limit without the control plane's reserve.</param>
internal sealed class ConnectionBudget(int most, long descriptors)
{
    /// <summary>The client's leg and the server's.</summary>
    internal const int DescriptorsPerConnection = 2;

    private int _connections;
    private int _restingInbound;
    private long _otherDescriptors;
    private long _refused;

    internal int Connections => Volatile.Read(ref _connections);

    /// <summary>Connections that were refused because there were as many as there may be.</summary>
    internal long Refused => Volatile.Read(ref _refused);

    internal int Limit => (int)Math.Clamp((descriptors - Volatile.Read(ref _otherDescriptors)) / DescriptorsPerConnection, 0, most);

    /// <summary>Connections that may still begin. Other nodes' tunnels that rest are given up for them.</summary>
    internal int Free => Math.Max(0, Limit - Connections + Volatile.Read(ref _restingInbound));

    /// <summary>What a workload that has none may have now.</summary>
    internal int Share => Free - (Free / 2);

    /// <summary>Counts one more connection, unless that would exceed the limit or its workload's share of it.</summary>
    /// <param name="ofWorkload">Connections of its workload, this one included.</param>
    internal Admission TryEnter(int ofWorkload)
    {
        var isFull = Interlocked.Increment(ref _connections) > Limit;
        if (!isFull && IsWithinShare(ofWorkload))
            return Admission.Admitted;
        Leave();
        Interlocked.Increment(ref _refused);
        return isFull ? Admission.ProcessIsFull : Admission.WorkloadIsFull;
    }

    /// <summary>Whether a workload may have so many, the last of which is counted already.</summary>
    internal bool IsWithinShare(int ofWorkload) => ofWorkload <= Free + 1;

    internal void Leave() => Interlocked.Decrement(ref _connections);

    /// <summary>A connection that has entered is a tunnel of another node and carries no stream just now.</summary>
    internal void BeginInboundRest() => Interlocked.Increment(ref _restingInbound);

    internal void EndInboundRest() => Interlocked.Decrement(ref _restingInbound);

    /// <summary>A pod is captured whatever it takes: it only leaves less for connections.</summary>
    internal void AddPod(int descriptors) => Interlocked.Add(ref _otherDescriptors, descriptors);

    internal void RemovePod(int descriptors) => Interlocked.Add(ref _otherDescriptors, -descriptors);

    /// <summary>A tunnel of this node comes to rest, unless its descriptor is wanted for a connection.</summary>
    internal bool TryRest()
    {
        if (Connections >= Limit)
            return false;
        Interlocked.Increment(ref _otherDescriptors);
        return true;
    }

    internal void EndRest() => Interlocked.Decrement(ref _otherDescriptors);
}
