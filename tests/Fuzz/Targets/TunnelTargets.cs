using System.Text;
using Proxy.Engine;
using Proxy.Lifetime;

namespace Fuzz.Targets;

/// <summary>What the other end of a tunnel sends: frames in any order, and the payloads that mean something.</summary>
internal static class TunnelTargets
{
    // Beside the frames that come, what this end does itself; the first nibble of a step says which.
    private const int OwnDeeds = 6;

    public static FuzzTarget Frames { get; } = new("tunnel-frames", CheckFrames)
    {
        MaxLength = 1024,
        Words = [.. Enumerable.Range(0, 9).Select(type => Step(0, (byte)type, 0, 1)), Step(0, 4, 32768, 1), Step(0, 4, 32769, 1), Step(0, 1, 3, 2), Step(0, 3, 512, 1), .. Enumerable.Range(1, OwnDeeds).Select(deed => (byte[])[(byte)deed])],
        Seeds =
        [
            [0, .. Step(0, 1, 3, 1), 1, .. Step(0, 4, 5, 1), .. Step(0, 5, 0, 1), 3, .. Step(0, 1, 3, 2), 2, .. Step(0, 4, 9, 2), .. Step(0, 1, 3, 3)],
            [0, .. Step(0, 1, 3, 1), 1, 4, .. Step(0, 5, 0, 1), 3, .. Step(0, 1, 3, 2), .. Step(0, 4, 5, 2), .. Step(0, 5, 0, 2)],
            [0, .. Step(0, 1, 3, 1), 5, 4, .. Step(0, 4, 5, 1), .. Step(0, 6, 0, 1)],
            [1, 6, .. Step(0, 2, 0, 1), .. Step(0, 4, 5, 1), .. Step(0, 5, 0, 1), 3, 6, .. Step(0, 3, 20, 2), .. Step(0, 7, 0, 2)],
            [1, 6, .. Step(0, 7, 0, 0), .. Step(0, 6, 0, 1)],
        ],
    };

    public static FuzzTarget Payloads { get; } = new("tunnel-payloads", CheckPayload)
    {
        MaxLength = TunnelFrame.MaximumRefusal,
        Words = FuzzTargets.Bytes("\0", "completed", "reset", "policy-denied", "\u00e2\u0080\u00a8", "\u00ed\u00a0\u0080", "\n"),
        Seeds = FuzzTargets.Bytes("policy-denied\0default/rule1", "server-refused\0", "\u009c\u0040\u0001"),
    };

    private static byte[] Step(byte deed, byte type, int length, uint stream)
    {
        var step = new byte[1 + TunnelFrame.HeaderSize];
        step[0] = deed;
        new TunnelFrame((FrameType)type, length, stream).Write(step.AsSpan(1));
        return step;
    }

    private static void CheckFrames(byte[] input)
    {
        if (input.Length == 0)
            return;
        var peer = new TunnelPeer(isServer: input[0] % 2 == 0);
        for (var at = 1; at < input.Length; at++)
        {
            var deed = input[at] % (OwnDeeds + 1);
            if (deed > 0)
                peer.Do(deed);
            else if (at + TunnelFrame.HeaderSize < input.Length && Read(input.AsSpan(at + 1, TunnelFrame.HeaderSize)) is var frame)
            {
                at += TunnelFrame.HeaderSize;
                if (!peer.Receive(frame))
                    return;
            }
        }
    }

    private static TunnelFrame Read(ReadOnlySpan<byte> header)
    {
        var frame = TunnelFrame.Read(header);
        var written = new byte[TunnelFrame.HeaderSize];
        frame.Write(written);
        Oracle.Holds(header.SequenceEqual(written), "a header is written as it was read");
        return frame;
    }

    private static void CheckPayload(byte[] input)
    {
        Surroundings.Same(input, payload => StreamRefusal.Read(payload.Span).ToString());
        var (reason, detail) = StreamRefusal.Read(input);
        Oracle.Holds(!(reason + detail).Any(c => char.IsControl(c) || c is '\u2028' or '\u2029'), "what a peer says is one line");
        Oracle.Holds(!new ConnectionOutcome(OutcomeReasons.FromPeer(reason), detail).WasServed, "a refusal serves nobody");
        var again = new byte[4 * TunnelFrame.MaximumRefusal];
        if (Encoding.UTF8.GetByteCount(reason) < TunnelFrame.MaximumRefusal / 2)
            Oracle.Holds(StreamRefusal.Write(again, reason, detail) <= TunnelFrame.MaximumRefusal, "a refusal fits its frame");

        if (input.Length < StreamOpening.Size || !StreamOpening.TryRead(input.AsSpan(0, StreamOpening.Size), out var opening))
            return;
        var bytes = new byte[StreamOpening.Size];
        opening.Write(bytes);
        Oracle.Holds(input.AsSpan(0, StreamOpening.Size).SequenceEqual(bytes), "an opening is written as it was read");
    }
}
