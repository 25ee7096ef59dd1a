using Proxy.Linux.Tests.EndToEnd.Packets;
using Proxy.Policy.Tests.Reference;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>What <see cref="RandomPacketTests"/> draws tells a right evaluator from wrong ones; no packet is sent for it.</summary>
public sealed class PacketVerdictTests(ITestOutputHelper output)
{
    // About as many as a run has.
    private const int Rounds = 12;
    private static readonly int[] Seeds = [.. Enumerable.Range(1, 200)];

    public static TheoryData<string> Mistakes => [.. WrongEvaluators.Names];

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void A_mistake_would_be_seen_in_what_arrives(string mistake)
    {
        var seen = Seeds.Select(seed => (Seed: seed, Packets: Seen(seed, WrongEvaluators.Named(mistake)))).FirstOrDefault(one => one.Packets > 0);
        output.WriteLine($"seed {seen.Seed}: {seen.Packets} packets");
        Assert.NotEqual(0, seen.Packets);
    }

    [Fact]
    public void Much_arrives_and_much_does_not()
    {
        foreach (var seed in Seeds.Take(4))
        {
            var (right, all, arriving) = (new ReferenceEvaluator(), 0, 0);
            Draw(seed, (packet, round) => (all, arriving) = (all + 1, arriving + (new PacketVerdicts(right, round).Allows(packet) ? 1 : 0)));
            output.WriteLine($"seed {seed}: {arriving} of {all} packets");
            Assert.InRange(arriving, all / 10, all * 9 / 10);
        }
    }

    private static int Seen(int seed, ReferenceEvaluator wrong)
    {
        var (right, differences) = (new ReferenceEvaluator(), 0);
        Draw(seed, (packet, round) => differences += new PacketVerdicts(right, round).Allows(packet) != new PacketVerdicts(wrong, round).Allows(packet) ? 1 : 0);
        return differences;
    }

    private static void Draw(int seed, Action<Packet, Round> see)
    {
        var random = new Random(seed);
        var stations = Station.Draw(random);
        var packets = new PacketDraw(random, stations);
        for (var number = 0; number < Rounds; number++)
        {
            var round = Round.Draw(random, stations, number);
            foreach (var packet in packets.Draw())
                see(packet, round);
        }
    }
}
