using System.CommandLine;
using Proxy.Commands;

namespace Proxy.Tests.Stories;

public class PathOptionsTests
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, false, "--path-match", "strict", "--repeated-slashes", "keep")]
    [InlineData(true, false, "--path-match=cilium")]
    [InlineData(false, true, "--repeated-slashes=refuse")]
    public void What_is_given_is_read(bool normalises, bool refuses, params string[] arguments)
    {
        var options = new PathOptions();
        var command = new Command("run");
        options.AddTo(command);
        var limits = options.Apply(command.Parse(arguments), new ConnectionLimits());

        Assert.Equal((normalises, refuses), (limits.Http.NormalisesPaths, limits.Http.RefusesRepeatedSlashes));
    }

    [Theory]
    [InlineData("--path-match", "Cilium")]
    [InlineData("--path-match", "")]
    [InlineData("--repeated-slashes", "merge")]
    public void Other_words_are_refused(string name, string value) =>
        Assert.NotEmpty(RunCommand.Create().Parse([name, value]).Errors);

    [Theory]
    [InlineData("--path-match", "[env: NODE_PROXY_PATH_MATCH] [default: strict]")]
    [InlineData("--repeated-slashes", "[env: NODE_PROXY_REPEATED_SLASHES] [default: keep]")]
    public void An_option_says_its_variable_and_default(string name, string end) =>
        Assert.EndsWith(end, RunCommand.Create().Options.Single(option => option.Name == name).Description, StringComparison.Ordinal);
}
