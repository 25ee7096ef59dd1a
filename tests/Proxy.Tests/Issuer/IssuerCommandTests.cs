using Proxy.Commands;

namespace Proxy.Tests.Issuer;

public sealed class IssuerCommandTests
{
    [Fact]
    public void Sockets_may_be_named_from_where_one_is()
    {
        var arguments = IssuerCommand.Create().Parse(["--socket", "a.sock", "--workload-api-socket", "b/../w.sock", "--broker-socket", "/run/b.sock"]);
        Assert.Empty(arguments.Errors);

        var options = IssuerCommand.ReadOptions(arguments);

        Assert.Equal(Path.Combine(Environment.CurrentDirectory, "a.sock"), options.SocketPath);
        Assert.Equal(Path.Combine(Environment.CurrentDirectory, "w.sock"), options.WorkloadSocketPath);
        Assert.Equal("/run/b.sock", options.BrokerSocketPath);
    }

    [Fact]
    public void What_is_not_named_is_not_served()
    {
        var options = IssuerCommand.ReadOptions(IssuerCommand.Create().Parse([]));

        Assert.Equal(("/run/node-proxy/issuer.sock", null, null), (options.SocketPath, options.WorkloadSocketPath, options.BrokerSocketPath));
    }

    [Theory]
    [InlineData("--socket", "")]
    [InlineData("--socket", "unix:///run/a.sock")]
    [InlineData("--workload-api-socket", "/run/a?b")]
    [InlineData("--broker-socket", "/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/01234567890123456789")]
    public void What_is_no_path_of_a_socket_is_told_at_once(string option, string path) =>
        Assert.Contains(IssuerCommand.Create().Parse([option, path]).Errors, error => error.Message.Contains($"{option}: '{path}'", StringComparison.Ordinal));
}
