using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Proxy.Telemetry;

/// <summary>How much an entry matters to the operator.</summary>
internal enum LogLevel
{
    Debug,
    Info,
    Warning,
    Error,
}

/// <summary>How entries are written.</summary>
internal enum LogFormat
{
    /// <summary>A line for people: time, level, room, message, key=value.</summary>
    Text,

    /// <summary>One JSON object per line.</summary>
    Json,
}

/// <summary>
/// The daemon's log: one line per entry, with fields. For events of the control plane; what happens to
/// connections goes to the <see cref="FlowRing"/>, because an entry here allocates.
/// </summary>
internal sealed class Log(TextWriter output, LogFormat format, LogLevel level, TimeProvider time, string room = "")
{
    private static readonly JsonWriterOptions JsonOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(1);

    public static Log ToStandardError(LogFormat format, LogLevel level, TimeProvider time)
    {
        var lines = new LineQueue(Console.Error);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => lines.Drain(DrainLimit);
        var log = new Log(lines, format, level, time);
        lines.TellLost = lost => log.Line(LogLevel.Warning, "entries were lost, for nobody read them", [("entries", lost)]);
        return log;
    }

    /// <summary>The same log, in the name of a part of the program.</summary>
    public Log For(string part) => new(output, format, level, time, part);

    /// <summary>For those who only have something to say.</summary>
    public Action<string> AsAction(LogLevel at) => message => Write(at, message);

    public bool IsEnabled(LogLevel at) => at >= level;

    public void Debug(string message, params ReadOnlySpan<(string Key, object? Value)> fields) => Write(LogLevel.Debug, message, fields);

    public void Info(string message, params ReadOnlySpan<(string Key, object? Value)> fields) => Write(LogLevel.Info, message, fields);

    public void Warning(string message, params ReadOnlySpan<(string Key, object? Value)> fields) => Write(LogLevel.Warning, message, fields);

    public void Error(string message, params ReadOnlySpan<(string Key, object? Value)> fields) => Write(LogLevel.Error, message, fields);

    public void Write(LogLevel at, string message, params ReadOnlySpan<(string Key, object? Value)> fields)
    {
        if (!IsEnabled(at))
            return;
        var line = Line(at, message, fields);
        try
        {
            output.WriteLine(line);
            output.Flush();
        }
        catch (IOException)
        {
            // The reader of our log is gone; the connections are not.
        }
    }

    private string Line(LogLevel at, string message, ReadOnlySpan<(string Key, object? Value)> fields) =>
        format == LogFormat.Json ? JsonLine(at, message, fields) : TextLine(at, message, fields);

    private string TextLine(LogLevel at, string message, ReadOnlySpan<(string Key, object? Value)> fields)
    {
        var line = new StringBuilder();
        line.Append(CultureInfo.InvariantCulture, $"{Now()} {at.ToString().ToUpperInvariant(),-7} ");
        if (room.Length > 0)
            line.Append(room).Append(": ");
        line.Append(TerminalText.Escape(message));
        foreach (var (key, value) in fields)
            line.Append(' ').Append(key).Append('=').Append(Quoted(Text(value)));
        return line.ToString();
    }

    private string JsonLine(LogLevel at, string message, ReadOnlySpan<(string Key, object? Value)> fields)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(buffer, JsonOptions);
        json.WriteStartObject();
        json.WriteString("time", Now());
        json.WriteString("level", at.ToString().ToLowerInvariant());
        if (room.Length > 0)
            json.WriteString("room", room);
        json.WriteString("message", message);
        foreach (var (key, value) in fields)
            WriteField(json, key, value);
        json.WriteEndObject();
        json.Flush();
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void WriteField(Utf8JsonWriter json, string key, object? value)
    {
        switch (value)
        {
            case bool truth:
                json.WriteBoolean(key, truth);
                break;
            case int or long or uint or ushort or byte:
                json.WriteNumber(key, Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            default:
                json.WriteString(key, Text(value));
                break;
        }
    }

    private string Now() => time.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    private static string Text(object? value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";

    private static string Quoted(string value)
    {
        var safe = TerminalText.Escape(value);
        return safe.Length > 0 && !safe.AsSpan().ContainsAny(" =\"") ? safe : $"\"{safe.Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
    }
}
