using Proxy.Telemetry;

namespace Proxy.Tests.Telemetry;

public sealed class LogTests : IDisposable
{
    private readonly StringWriter _output = new();

    public void Dispose() => _output.Dispose();

    [Fact]
    public void Text_names_time_level_room_and_fields()
    {
        New(LogFormat.Text).For("cluster").Warning("file refused", ("file", "a b.yaml"), ("line", 3));
        Assert.Equal("2026-12-28T13:00:45.658Z WARNING cluster: file refused file=\"a b.yaml\" line=3\n", _output.ToString());
    }

    [Fact]
    public void Json_is_one_object_per_line()
    {
        New(LogFormat.Json).For("cluster").Error("bad", ("line", 3), ("ready", false));
        Assert.Equal(
            """{"time":"2026-12-28T13:00:45.658Z","level":"error","room":"cluster","message":"bad","line":3,"ready":false}""" + "\n",
            _output.ToString());
    }

    [Fact]
    public void Below_the_level_nothing_is_written()
    {
        New(LogFormat.Text).Debug("quiet");
        Assert.Empty(_output.ToString());
    }

    [Fact]
    public void A_message_cannot_forge_a_second_line()
    {
        New(LogFormat.Text).AsAction(LogLevel.Info)("peer said\nERROR all is lost");
        Assert.Equal(1, _output.ToString().Count(c => c == '\n'));
    }

    private Log New(LogFormat format) => new(_output, format, LogLevel.Info, new SteppedTime());
}
