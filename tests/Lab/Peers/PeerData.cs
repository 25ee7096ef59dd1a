using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Lab.Peers;

/// <summary>The same bytes at both ends: random blocks with their number in front, so that lost, doubled or swapped ones show.</summary>
internal sealed class PeerData : IDisposable
{
    public const int BlockSize = 256 * 1024;
    private const int Seed = 0x6e70;

    private readonly byte[] block = new byte[BlockSize];
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long number;

    public PeerData() => new Random(Seed).NextBytes(block);

    public long Length { get; private set; }

    public static string Describe(long length)
    {
        using var data = new PeerData();
        while (data.Length < length)
        {
            data.Next(length - data.Length);
        }

        return data.ToString();
    }

    /// <summary>The next block, or its beginning; valid until the next call.</summary>
    public ReadOnlyMemory<byte> Next(long limit)
    {
        BinaryPrimitives.WriteInt64BigEndian(block, number++);
        var next = block.AsMemory(0, (int)Math.Min(limit, BlockSize));
        Take(next.Span);
        return next;
    }

    /// <summary>Counts received bytes.</summary>
    public void Take(ReadOnlySpan<byte> bytes)
    {
        hash.AppendData(bytes);
        Length += bytes.Length;
    }

    public override string ToString() => $"{Length} sha256 {Convert.ToHexStringLower(hash.GetCurrentHash())}";

    public void Dispose() => hash.Dispose();
}
