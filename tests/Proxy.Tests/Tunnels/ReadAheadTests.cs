using Proxy.Engine;
using Proxy.Tests.Engine;

namespace Proxy.Tests.Tunnels;

/// <summary>Frames that come in pieces of any size: what is read together with a header is neither lost nor given to another stream.</summary>
public sealed class ReadAheadTests : IDisposable
{
    private const int Room = Tunnel.ReadAhead - TunnelFrame.HeaderSize;

    private static readonly int[] s_payloads =
        [1, TunnelFrame.HeaderSize, Room - 1, Room, Room + 1, Tunnel.ReadAhead, Tunnel.ReadAhead + 1, (2 * Room) + 1, Lane.Chunk, TunnelFrame.MaximumData];

    private readonly TestWorker _worker = new();

    public static TheoryData<int, bool> Pieces => new(
        from size in (int[])[1, 7, 8, 9, Room - 1, Room, Room + 1, Tunnel.ReadAhead - 1, Tunnel.ReadAhead, Tunnel.ReadAhead + 1, 16 * 1024, int.MaxValue]
        from tellsBytes in (bool[])[true, false]
        select (size, tellsBytes));

    public void Dispose() => _worker.Dispose();

    [Theory]
    [MemberData(nameof(Pieces))]
    public async Task Every_byte_of_a_stream_arrives_once_and_no_other(int piece, bool tellsBytes)
    {
        var sent = s_payloads.Select((length, number) => Bytes(length, number)).ToList();
        var wire = new PieceLeg(piece, tellsBytes);
        foreach (var payload in sent)
        {
            wire.Add(new TunnelFrame(FrameType.Data, payload.Length, 1), payload);
        }

        wire.Add(new TunnelFrame(FrameType.End, 0, 1), []);
        // What stands behind the end is the next stream's.
        wire.Add(new TunnelFrame(FrameType.Retire, 0, 1), []);
        var (read, next) = await await _worker.AskAsync(() => ReadAsync(wire));
        Assert.Equal(sent.SelectMany(payload => payload), read);
        Assert.Equal(FrameType.Retire, next);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(Room - 1, true)]
    [InlineData(Room, true)]
    [InlineData(Room + 1, false)]
    public async Task A_short_frame_is_one_read(int length, bool isOne)
    {
        var wire = new PieceLeg(int.MaxValue, tellsBytes: false);
        wire.Add(new TunnelFrame(FrameType.Data, length, 1), Bytes(length, 0));
        wire.Add(new TunnelFrame(FrameType.End, 0, 1), []);
        wire.Add(new TunnelFrame(FrameType.Retire, 0, 1), []);
        await await _worker.AskAsync(() => ReadAsync(wire));
        Assert.Equal(isOne, wire.ReadsOfFirst == 1);
    }

    private async Task<(byte[] Read, FrameType Next)> ReadAsync(PieceLeg wire)
    {
        var dialogue = new TunnelDialogue(isServer: false);
        dialogue.Begin();
        dialogue.Receive(new TunnelFrame(FrameType.Accept, 0, 1));
        var tunnel = new Tunnel(_worker.Worker, wire, dialogue);
        var stream = new TunnelStream(tunnel);
        await stream.EndAsync();
        var (read, buffer) = (new List<byte>(), new byte[Lane.Chunk]);
        for (; ; )
        {
            await stream.WaitAsync();
            var count = await stream.ReadAsync(buffer);
            if (count <= 0)
            {
                Assert.Equal(0, count);
                return ([.. read], await tunnel.ReadFrameAsync() ? tunnel.Frame.Type : default);
            }

            read.AddRange(buffer.AsSpan(0, count));
        }
    }

    private static byte[] Bytes(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Bytes that are all there, of which one read gets a piece at most.</summary>
    private sealed class PieceLeg(int piece, bool tellsBytes) : Leg
    {
        private readonly List<byte> _bytes = [];
        private int _first;
        private int _position;

        public int ReadsOfFirst { get; private set; }

        public bool IsEmpty => _position == _bytes.Count;

        internal override Action? OnReset { get; set; }

        internal override bool HasBytes => tellsBytes && !IsEmpty;

        public void Add(TunnelFrame frame, byte[] payload)
        {
            var header = new byte[TunnelFrame.HeaderSize];
            frame.Write(header);
            _bytes.AddRange([.. header, .. payload]);
            _first = _first == 0 ? _bytes.Count : _first;
        }

        internal override ValueTask WaitAsync() => default;

        internal override ValueTask<int> ReadAsync(Memory<byte> buffer)
        {
            ReadsOfFirst += _position < _first ? 1 : 0;
            var count = Math.Min(Math.Min(buffer.Length, piece), _bytes.Count - _position);
            System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_bytes).Slice(_position, count).CopyTo(buffer.Span);
            _position += count;
            return new ValueTask<int>(count);
        }

        internal override ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> bytes) => new(true);

        internal override ValueTask<bool> EndAsync() => new(true);

        internal override void Close()
        {
        }

        internal override void Abort()
        {
        }
    }
}
