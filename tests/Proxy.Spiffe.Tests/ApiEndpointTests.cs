using Proxy.Spiffe.Streams;

namespace Proxy.Spiffe.Tests;

public sealed class ApiEndpointTests
{
    [Theory]
    [InlineData("unix:///run/spire/agent.sock")]
    [InlineData("/run/spire/agent.sock")]
    [InlineData("tcp://127.0.0.1:8081")]
    [InlineData("tcp://[::1]:8081")]
    [InlineData("tcp://10.0.0.1:65535")]
    public void An_endpoint_is_a_socket_or_an_address_with_a_port(string text)
    {
        Assert.True(ApiEndpoint.TryParse(text, allowNames: false, out var endpoint, out var error), error);
        Assert.Equal(text, endpoint.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("unix:relative.sock")]
    [InlineData("unix://host/run/agent.sock")]
    [InlineData("unix:///run/agent.sock?x")]
    [InlineData("unix:///run/agent.sock#x")]
    [InlineData("http://127.0.0.1:80")]
    [InlineData("tcp://127.0.0.1")]
    [InlineData("tcp://127.0.0.1:")]
    [InlineData("tcp://127.0.0.1:0")]
    [InlineData("tcp://127.0.0.1:65536")]
    [InlineData("tcp://127.0.0.1:80/")]
    [InlineData("tcp://u@127.0.0.1:80")]
    [InlineData("tcp://1:80")]
    [InlineData("tcp://::1:80")]
    [InlineData("tcp://[127.0.0.1]:80")]
    [InlineData("tcp://agent.local:80")]
    public void Anything_else_is_refused(string text)
    {
        Assert.False(ApiEndpoint.TryParse(text, allowNames: false, out _, out var error));
        Assert.Contains("is not an endpoint", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(107, true)]
    [InlineData(108, false)]
    public void A_path_is_as_long_as_the_system_takes(int length, bool isRead) =>
        Assert.Equal(isRead, ApiEndpoint.TryParse("/" + new string('a', length - 1), allowNames: false, out _, out _));

    [Theory]
    [InlineData("tcp://agent.local:80", true)]
    [InlineData("tcp://an agent:80", false)]
    [InlineData("tcp://[agent.local]:80", false)]
    public void A_broker_may_have_a_name(string text, bool isRead) =>
        Assert.Equal(isRead, ApiEndpoint.TryParse(text, allowNames: true, out _, out _));
}
