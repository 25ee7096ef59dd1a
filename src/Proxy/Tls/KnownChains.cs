using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Proxy.Spiffe.X509;

namespace Proxy.Tls;

/// <summary>
/// What was found of chains that are right by one bundle. A workload meets the same peers over and over, and whether the same bytes
/// are right by the same roots changes with time only. The key is proven in each handshake, whatever is known of its chain.
/// Chains that were refused are not remembered: nobody who is refused finds room here.
/// </summary>
internal sealed class KnownChains
{
    /// <summary>Chains of one bundle; at one more, all are forgotten.</summary>
    internal const int Most = 4096;

    private static readonly ConditionalWeakTable<TrustBundle, KnownChains> OfBundles = [];

    private readonly ConcurrentDictionary<ChainHash, Known> _chains = new();

    internal int Count => _chains.Count;

    /// <summary>Those of a bundle; they are gone with it.</summary>
    internal static KnownChains Of(TrustBundle bundle) => OfBundles.GetOrCreateValue(bundle);

    /// <summary>The hash of what a peer presented, in its order, and of what for.</summary>
    /// <param name="presented">DER, the leaf first.</param>
    /// <param name="isServer">Whether we are the server, and the peer the client.</param>
    internal static ChainHash HashOf(IReadOnlyList<byte[]> presented, bool isServer)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> number = stackalloc byte[sizeof(int)];
        number[0] = isServer ? (byte)1 : (byte)0;
        hash.AppendData(number[..1]);
        foreach (var der in presented)
        {
            // The length before the bytes: no two chains are written alike.
            BinaryPrimitives.WriteInt32LittleEndian(number, der.Length);
            hash.AppendData(number);
            hash.AppendData(der);
        }

        ChainHash result = default;
        hash.GetHashAndReset(MemoryMarshal.AsBytes(new Span<ChainHash>(ref result)));
        return result;
    }

    /// <summary>What was found earlier, if it holds now: between the time it was found at and the end of the first certificate.</summary>
    internal SvidCheck? Find(ChainHash chain, DateTimeOffset now) =>
        _chains.TryGetValue(chain, out var known) && now >= known.FoundAt && now < known.Check.ExpiresAt ? known.Check : null;

    internal void Remember(ChainHash chain, in SvidCheck check, DateTimeOffset now)
    {
        if (_chains.Count >= Most)
            _chains.Clear();
        _chains[chain] = new Known(check, now);
    }

    private sealed record Known(SvidCheck Check, DateTimeOffset FoundAt);
}

/// <summary>A SHA-256.</summary>
internal readonly record struct ChainHash(UInt128 One, UInt128 Other);
