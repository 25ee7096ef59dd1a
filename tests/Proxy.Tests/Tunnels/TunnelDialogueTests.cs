using Proxy.Engine;

namespace Proxy.Tests.Tunnels;

/// <summary>
/// Scripts of headers: O open, A accept, R refuse, D data, E end, X reset, T retire, each with its stream's number.
/// What this end does is in lower case: a accept, r refuse, f both directions have ended, t retire, o open, x exclude.
/// </summary>
public sealed class TunnelDialogueTests
{
    [Theory]
    [InlineData("O1 a D1 D1 E1 f O2 a E2", nameof(TunnelFault.None))]
    [InlineData("O1 D1 E1 a f O2", nameof(TunnelFault.None))]
    [InlineData("O1 D1 r D1 D1 E1 O2", nameof(TunnelFault.None))]
    [InlineData("O1 r X1 O2", nameof(TunnelFault.None))]
    [InlineData("O1 a E1 X1", nameof(TunnelFault.None))]
    [InlineData("t O1 D1 E1", nameof(TunnelFault.None))]
    [InlineData("O1 a E1 f t O2 D2", nameof(TunnelFault.None))]
    [InlineData("O1 x D1 E1", nameof(TunnelFault.None))]
    [InlineData("D1", nameof(TunnelFault.WrongStream))]
    [InlineData("D0", nameof(TunnelFault.Unexpected))]
    [InlineData("E0", nameof(TunnelFault.Unexpected))]
    [InlineData("O0", nameof(TunnelFault.WrongStream))]
    [InlineData("O2", nameof(TunnelFault.WrongStream))]
    [InlineData("O1 a E1 f O1", nameof(TunnelFault.WrongStream))]
    [InlineData("O1 a E1 f O3", nameof(TunnelFault.WrongStream))]
    [InlineData("O1 O2", nameof(TunnelFault.Unexpected))]
    [InlineData("O1 a O2", nameof(TunnelFault.Unexpected))]
    [InlineData("O1 a E1 O2", nameof(TunnelFault.Unexpected))]
    [InlineData("O1 a D2", nameof(TunnelFault.WrongStream))]
    [InlineData("O1 a E1 D1", nameof(TunnelFault.Unexpected))]
    [InlineData("O1 a E1 E1", nameof(TunnelFault.Unexpected))]
    [InlineData("O1 a E1 f D1", nameof(TunnelFault.Unexpected))]
    [InlineData("O1 a E1 f X1", nameof(TunnelFault.None))]
    [InlineData("O1 r E1 D1", nameof(TunnelFault.Unexpected))]
    [InlineData("O1 A1", nameof(TunnelFault.Unexpected))]
    [InlineData("O1 R1", nameof(TunnelFault.Unexpected))]
    [InlineData("T0", nameof(TunnelFault.Unexpected))]
    [InlineData("t O1 O1", nameof(TunnelFault.Unexpected))]
    [InlineData("t D1", nameof(TunnelFault.WrongStream))]
    public void The_servers_end_takes(string script, string fault) => Assert.Equal(fault, Play(new TunnelDialogue(isServer: true), script));

    [Theory]
    [InlineData("o A1 D1 D1 E1 f o A2", nameof(TunnelFault.None))]
    [InlineData("o R1 o A2", nameof(TunnelFault.None))]
    [InlineData("o X1", nameof(TunnelFault.None))]
    [InlineData("o A1 X1", nameof(TunnelFault.None))]
    [InlineData("o T0", nameof(TunnelFault.None))]
    [InlineData("o T1 A1 D1", nameof(TunnelFault.None))]
    [InlineData("o A1 D1 T1 D1 E1", nameof(TunnelFault.None))]
    [InlineData("T0", nameof(TunnelFault.None))]
    [InlineData("o A1 E1 f T1", nameof(TunnelFault.None))]
    [InlineData("A0", nameof(TunnelFault.Unexpected))]
    [InlineData("A1", nameof(TunnelFault.WrongStream))]
    [InlineData("D0", nameof(TunnelFault.Unexpected))]
    [InlineData("X0", nameof(TunnelFault.Unexpected))]
    [InlineData("o D1", nameof(TunnelFault.Unexpected))]
    [InlineData("o E1", nameof(TunnelFault.Unexpected))]
    [InlineData("o A2", nameof(TunnelFault.WrongStream))]
    [InlineData("o A1 A1", nameof(TunnelFault.Unexpected))]
    [InlineData("o A1 R1", nameof(TunnelFault.Unexpected))]
    [InlineData("o R1 R1", nameof(TunnelFault.Unexpected))]
    [InlineData("o R1 D1", nameof(TunnelFault.Unexpected))]
    [InlineData("o A1 D2", nameof(TunnelFault.WrongStream))]
    [InlineData("o A1 E1 D1", nameof(TunnelFault.Unexpected))]
    [InlineData("o A1 E1 E1", nameof(TunnelFault.Unexpected))]
    [InlineData("o A1 O2", nameof(TunnelFault.Unexpected))]
    [InlineData("o O1", nameof(TunnelFault.Unexpected))]
    [InlineData("o T2", nameof(TunnelFault.WrongStream))]
    [InlineData("o A1 T0", nameof(TunnelFault.WrongStream))]
    [InlineData("T1", nameof(TunnelFault.WrongStream))]
    [InlineData("o T1 T1", nameof(TunnelFault.Unexpected))]
    public void The_clients_end_takes(string script, string fault) => Assert.Equal(fault, Play(new TunnelDialogue(isServer: false), script));

    [Theory]
    [InlineData("o T0", true)]
    [InlineData("o T1", false)]
    [InlineData("o A1 T1", false)]
    public void Only_a_retirement_below_its_number_excludes_a_stream(string script, bool isExcluded)
    {
        var dialogue = new TunnelDialogue(isServer: false);
        Play(dialogue, script);
        Assert.Equal((isExcluded, false), (dialogue.IsExcluded, dialogue.IsFree));
    }

    [Fact]
    public void Numbers_do_not_begin_again()
    {
        var client = new TunnelDialogue(isServer: false, uint.MaxValue - 1);
        Assert.True(client.IsFree);
        Assert.Equal(uint.MaxValue, client.Begin());
        client.Finish();
        Assert.False(client.IsFree);
        var server = new TunnelDialogue(isServer: true, uint.MaxValue);
        Assert.Equal(TunnelFault.WrongStream, server.Receive(new TunnelFrame(FrameType.Open, StreamOpening.Size, 0)));
    }

    [Theory]
    [InlineData(TunnelDialogue.MaximumUnheeded - 1, nameof(TunnelFault.None))]
    [InlineData(TunnelDialogue.MaximumUnheeded, nameof(TunnelFault.None))]
    [InlineData(TunnelDialogue.MaximumUnheeded + 1, nameof(TunnelFault.Unheeding))]
    public void A_refused_stream_may_send_what_was_under_way(int bytes, string fault)
    {
        var server = new TunnelDialogue(isServer: true);
        Play(server, "O1 r");
        var found = TunnelFault.None;
        for (var left = bytes; left > 0 && found == TunnelFault.None; left -= TunnelFrame.MaximumData)
            found = server.Receive(new TunnelFrame(FrameType.Data, Math.Min(left, TunnelFrame.MaximumData), 1));
        Assert.Equal(fault, found.ToString());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(255)]
    public void A_type_that_nobody_knows_is_a_fault(byte type)
    {
        var frame = new TunnelFrame((FrameType)type, 0, 0);
        Assert.Equal(TunnelFault.UnknownType, new TunnelDialogue(isServer: true).Receive(frame));
        Assert.Equal(TunnelFault.UnknownType, new TunnelDialogue(isServer: false).Receive(frame));
    }

    private static string Play(TunnelDialogue dialogue, string script)
    {
        var fault = TunnelFault.None;
        foreach (var step in script.Split(' '))
        {
            Assert.Equal(TunnelFault.None, fault);
            fault = Do(dialogue, step);
        }

        return fault.ToString();
    }

    private static TunnelFault Do(TunnelDialogue dialogue, string step)
    {
        switch (step[0])
        {
            case 'a': dialogue.Accept(); break;
            case 'r': dialogue.Refuse(); break;
            case 'f': dialogue.Finish(); break;
            case 't': dialogue.Retire(); break;
            case 'o': dialogue.Begin(); break;
            case 'x':
                dialogue.ExcludeCurrent();
                dialogue.Retire();
                break;
            default: return dialogue.Receive(Parse(step));
        }

        return TunnelFault.None;
    }

    private static TunnelFrame Parse(string step)
    {
        var (type, length) = step[0] switch
        {
            'O' => (FrameType.Open, StreamOpening.Size),
            'A' => (FrameType.Accept, 0),
            'R' => (FrameType.Refuse, 4),
            'D' => (FrameType.Data, 4),
            'E' => (FrameType.End, 0),
            'X' => (FrameType.Reset, 0),
            _ => (FrameType.Retire, 0),
        };
        return new TunnelFrame(type, length, uint.Parse(step[1..], System.Globalization.CultureInfo.InvariantCulture));
    }
}
