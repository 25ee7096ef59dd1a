using System.CommandLine;
using Proxy.Commands;

namespace Proxy.Tests.Sources;

public sealed class IdentitySourceOptionsTests
{
    private static readonly string[] Broker = ["--broker-id", "spiffe://td/spire/agent/*", "--workload-api", "unix:///run/agent.sock"];

    [Theory]
    [InlineData("issuer", "FromDelegates { SocketPath = /run/x/issuer.sock }")]
    [InlineData("delegated:/run/admin.sock", "FromDelegates { SocketPath = /run/admin.sock }")]
    [InlineData("delegated:unix:///run/admin.sock", "FromDelegates { SocketPath = /run/admin.sock }")]
    [InlineData("workload-api:unix:///run/agent.sock", "FromWorkloadApi { Endpoint = unix:///run/agent.sock }")]
    [InlineData("workload-api:tcp://127.0.0.1:80", "FromWorkloadApi { Endpoint = tcp://127.0.0.1:80 }")]
    public void A_source_has_its_endpoint(string source, string expected) => Assert.Equal(expected, Read("--identity", source).ToString());

    [Theory]
    [InlineData("broker:unix:///run/broker.sock")]
    [InlineData("broker:tcp://agent.local:80")]
    public void A_broker_has_its_id_and_a_workload_api_beside_it(string source)
    {
        var broker = Assert.IsType<IdentityOptions.FromBroker>(Read(["--identity", source, .. Broker]));

        Assert.Equal(source["broker:".Length..], broker.Endpoint.Text);
        Assert.Equal("spiffe://td/spire/agent/*", broker.Server.ToString());
        Assert.Equal("unix:///run/agent.sock", broker.WorkloadApi.Text);
    }

    [Theory]
    [InlineData("--identity: 'spire' is not supported", "--identity", "spire")]
    [InlineData("--identity: 'delegated:' is not supported", "--identity", "delegated:")]
    [InlineData("--identity: 'brokers:/x' is not supported", "--identity", "brokers:/x")]
    [InlineData("--identity delegated: 'unix://run/admin.sock' is not an endpoint", "--identity", "delegated:unix://run/admin.sock")]
    [InlineData("--identity delegated: 'tcp://127.0.0.1:80' is not a Unix socket", "--identity", "delegated:tcp://127.0.0.1:80")]
    [InlineData("--identity workload-api: '' is not an endpoint", "--identity", "workload-api")]
    [InlineData("--identity workload-api: 'tcp://agent.local:80' is not an endpoint", "--identity", "workload-api:tcp://agent.local:80")]
    [InlineData("--identity broker: '' is not an endpoint", "--identity", "broker:")]
    [InlineData("--workload-api: '' is not an endpoint", "--identity", "broker:/run/b.sock", "--broker-id", "spiffe://td/a")]
    [InlineData("--broker-id is missing", "--identity", "broker:/run/b.sock", "--workload-api", "/run/w.sock")]
    [InlineData("--broker-id: 'td/a' is neither", "--identity", "broker:/run/b.sock", "--workload-api", "/run/w.sock", "--broker-id", "td/a")]
    public void What_is_wrong_is_told_with_its_option(string error, params string[] arguments) =>
        Assert.StartsWith(error, Assert.Single(Command(out _).Parse(arguments).Errors).Message, StringComparison.Ordinal);

    private static IdentityOptions Read(params string[] arguments)
    {
        var parsed = Command(out var options).Parse(arguments);
        Assert.Empty(parsed.Errors);
        return options.Read(parsed, "/run/x");
    }

    private static Command Command(out IdentitySourceOptions options)
    {
        var command = new Command("run");
        options = new IdentitySourceOptions();
        options.AddTo(command);
        return command;
    }
}
