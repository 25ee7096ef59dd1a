using System.CommandLine;
using Proxy.Commands;

namespace Proxy.Tests.Stories;

public class LimitOptionsTests
{
    public static TheoryData<string, int, int> Ranges => new()
    {
        { "--max-connections", 1, 1_000_000 },
        { "--max-connections-total", 1, 1_000_000 },
        { "--reserved-descriptors", 384, 1_000_000 },
        { "--max-buffer-memory", 1, 1024 * 1024 },
        { "--max-handshakes", 1, 1_000_000 },
        { "--max-held-questions", 0, 65_536 },
        { "--question-queue", 1, 65_536 },
        { "--max-resting-tunnels", 0, 1_000_000 },
        { "--max-resting-tunnels-per-pair", 0, 1_000_000 },
        { "--tunnel-idle-timeout", 1, 2_592_000 },
        { "--open-timeout", 1, 600_000 },
        { "--connect-timeout", 1, 600_000 },
        { "--handshake-timeout", 1, 600_000 },
        { "--hold-timeout", 0, 600_000 },
        { "--request-head-timeout", 0, 2_592_000 },
        { "--idle-timeout", 0, 2_592_000 },
        { "--half-open-timeout", 0, 2_592_000 },
        { "--max-age-past-expiry", 0, 2_592_000 },
        { "--max-request-head", 64, 32_767 },
        { "--max-request-headers", 1, 10_000 },
        { "--max-request-target", 1, 32_767 },
    };

    [Theory]
    [MemberData(nameof(Ranges))]
    public void An_option_takes_what_is_in_its_range_and_nothing_else(string name, int least, int most)
    {
        foreach (var (value, isTaken) in new[] { (least - 1L, false), (least, true), (most, true), (most + 1L, false) })
            Assert.Equal(isTaken, Parse(name, $"{value}").Errors.Count == 0);
        Assert.NotEmpty(Parse(name, "many").Errors);
    }

    [Theory]
    [MemberData(nameof(Ranges))]
    public void An_option_says_its_variable_and_default(string name, int least, int most)
    {
        var option = RunCommand.Create().Options.Single(option => option.Name == name);
        Assert.Contains($"{least} to {most}. [env: {CommandOptions.VariableOf(name)}] [default: ", option.Description, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_options_the_defaults_are_in_force() => Assert.Equal(new ConnectionLimits(), Read());

    [Fact]
    public void What_is_given_is_read()
    {
        Assert.Equal(7, Read("--max-connections-total", "7").Connections);
        Assert.Equal(TimeSpan.FromSeconds(7), Read("--idle-timeout", "7").Relay.Idle);
        Assert.Equal(TimeSpan.FromSeconds(7), Read("--half-open-timeout", "7").Relay.HalfOpen);
        Assert.Equal(TimeSpan.FromSeconds(7), Read("--request-head-timeout", "7").Http.HeadTimeout);
        Assert.Equal(TimeSpan.FromSeconds(7), Read("--max-age-past-expiry", "7").AgePastExpiry);
        Assert.Equal(7, Read("--max-buffer-memory", "7").BufferMemory);
        Assert.Equal(7, Read("--max-held-questions", "7").HeldQuestions);
        Assert.Equal(7, Read("--max-handshakes", "7").HandshakesPerClient);
        Assert.Equal(7, Read("--max-resting-tunnels", "7").Tunnels.Resting);
        Assert.Equal(7, Read("--max-resting-tunnels-per-pair", "7").Tunnels.RestingPerPair);
        Assert.Equal(TimeSpan.FromSeconds(7), Read("--tunnel-idle-timeout", "7").Tunnels.Idle);
        Assert.Equal(TimeSpan.FromMilliseconds(7), Read("--open-timeout", "7").Open);
    }

    private static ParseResult Parse(params string[] arguments) => RunCommand.Create().Parse(arguments);

    private static ConnectionLimits Read(params string[] arguments)
    {
        var options = new LimitOptions();
        var command = new Command("run");
        options.AddTo(command);
        return options.Read(command.Parse(arguments));
    }
}
