namespace Proxy.Capture;

/// <summary>
/// How many captured connections the process may have at once: as configured, and as the descriptors allow that the
/// captured pods and resting tunnels leave over. Shared by all workers and the control plane.
/// </summary>
/// <param name="most">The configured limit.</param>
/// <param name="descriptors">Descriptors for pods and connections together: the process's limit without the control plane's reserve.</param>
internal sealed class ConnectionBudget(int most, long descriptors)
{
    /// <summary>The client's leg and the server's.</summary>
    internal const int DescriptorsPerConnection = 2;

    private int _connections;
    private long _otherDescriptors;
    private long _refused;

    internal int Connections => Volatile.Read(ref _connections);

    /// <summary>Connections that were refused because there were as many as there may be.</summary>
    internal long Refused => Volatile.Read(ref _refused);

    internal int Limit => (int)Math.Clamp((descriptors - Volatile.Read(ref _otherDescriptors)) / DescriptorsPerConnection, 0, most);

    /// <summary>Counts one more connection, unless that would exceed the limit.</summary>
    internal bool TryEnter()
    {
        if (Interlocked.Increment(ref _connections) <= Limit)
            return true;
        Leave();
        Interlocked.Increment(ref _refused);
        return false;
    }

    internal void Leave() => Interlocked.Decrement(ref _connections);

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
