using Proxy.Engine;

namespace Proxy;

/// <summary>
/// The tunnels of other nodes that carry no stream just now, of one worker. They cost memory, and it is their clients that
/// leave them; so of one pair of workloads only so many may rest: of more, the one that rests the longest is asked to
/// retire, and of four times as many it ends at once, since who is asked so often and goes on does not listen.
/// </summary>
/// <param name="most">How many of one pair may rest.</param>
internal sealed class RestingInbound(int most = RestingInbound.Most)
{
    /// <summary>Of one pair: what the client's node keeps by default for each of its workers, of four workers.</summary>
    internal const int Most = 512;

    private const int Deaf = 4;

    private readonly LinkedList<RestingPlace> _all = [];
    private readonly Dictionary<Pair, LinkedList<RestingPlace>> _pairs = [];

    /// <summary>Tunnels at rest, those that were asked to retire included until they leave.</summary>
    internal int Count { get; private set; }

    /// <summary>The tunnel rests from now on, until it leaves.</summary>
    /// <param name="tunnel">The tunnel.</param>
    /// <param name="pair">Whose tunnel it is.</param>
    internal RestingPlace Enter(TunnelServer tunnel, Pair pair)
    {
        if (!_pairs.TryGetValue(pair, out var ofPair))
            _pairs.Add(pair, ofPair = []);
        var place = new RestingPlace(tunnel, pair);
        _all.AddLast(place.InAll);
        ofPair.AddLast(place.InPair);
        Count++;
        if (ofPair.Count > most)
            MakeRoom(ofPair);
        return place;
    }

    internal void Leave(RestingPlace place)
    {
        Count--;
        place.InAll.List?.Remove(place.InAll);
        var ofPair = _pairs[place.Pair];
        ofPair.Remove(place.InPair);
        if (ofPair.Count == 0)
            _pairs.Remove(place.Pair);
    }

    /// <summary>
    /// Asks the one that rests the longest for its descriptor, so that the next connection may have it. Each is asked once.
    /// False when there is none to ask.
    /// </summary>
    internal bool RetireOne()
    {
        if (_all.First is not { } first)
            return false;
        Ask(first.Value);
        return true;
    }

    private void MakeRoom(LinkedList<RestingPlace> ofPair)
    {
        var first = ofPair.First!.Value;
        if (ofPair.Count > Deaf * most)
            first.Tunnel.Abort();
        else if (FindNotAsked(ofPair) is { } patient)
            Ask(patient);
    }

    private static RestingPlace? FindNotAsked(LinkedList<RestingPlace> ofPair)
    {
        for (var node = ofPair.First; node is not null; node = node.Next)
        {
            if (node.Value.InAll.List is not null)
                return node.Value;
        }

        return null;
    }

    private void Ask(RestingPlace place)
    {
        _all.Remove(place.InAll);
        place.Tunnel.Retire();
    }

    /// <summary>The uids of a client's workload and of a server's.</summary>
    internal readonly record struct Pair(string Client, string Server);

    /// <summary>A tunnel's place among those that rest.</summary>
    internal sealed class RestingPlace
    {
        internal RestingPlace(TunnelServer tunnel, Pair pair)
        {
            (Tunnel, Pair) = (tunnel, pair);
            (InAll, InPair) = (new LinkedListNode<RestingPlace>(this), new LinkedListNode<RestingPlace>(this));
        }

        internal TunnelServer Tunnel { get; }

        internal Pair Pair { get; }

        /// <summary>Without a list once the tunnel has been asked to retire.</summary>
        internal LinkedListNode<RestingPlace> InAll { get; }

        internal LinkedListNode<RestingPlace> InPair { get; }
    }
}
