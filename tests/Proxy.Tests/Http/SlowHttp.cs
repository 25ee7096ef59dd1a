namespace Proxy.Tests.Http;

/// <summary>Another reader of request streams, written for clarity, to compare the gate with. Throws on what it does not understand.</summary>
internal static class SlowHttp
{
    internal sealed record Request(string Method, string Target, string Body, bool IsComplete)
    {
        /// <summary>The header lines.</summary>
        public IReadOnlyList<string> Headers { get; init; } = [];

        /// <summary>The values of a header.</summary>
        public string[] Find(string name) => SlowHttp.Find(Headers, name);

        public bool Equals(Request? other) =>
            other is not null && (Method, Target, Body, IsComplete) == (other.Method, other.Target, other.Body, other.IsComplete);

        public override int GetHashCode() => HashCode.Combine(Method, Target, Body, IsComplete);
    }

    public static List<Request> Read(string stream)
    {
        var requests = new List<Request>();
        while (stream.Length > 0)
        {
            var headEnd = stream.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (headEnd < 0)
                throw new FormatException("a head that is not whole");
            var lines = stream[..headEnd].Split("\r\n");
            var words = lines[0].Split(' ');
            if (words.Length != 3 || lines.Any(line => line.AsSpan().IndexOfAny("\r\n\0") >= 0))
                throw new FormatException("request line " + lines[0]);
            var (body, rest, isComplete) = ReadBody(lines[1..], stream[(headEnd + 4)..]);
            requests.Add(new Request(words[0], words[1], body, isComplete) { Headers = lines[1..] });
            stream = rest;
        }

        return requests;
    }

    private static (string Body, string Remainder, bool IsComplete) ReadBody(string[] headers, string rest)
    {
        var lengths = Find(headers, "content-length");
        var encodings = Find(headers, "transfer-encoding");
        if (lengths.Length + encodings.Length > 1)
            throw new FormatException("two framings");
        if (encodings.Length == 1)
            return ReadChunks(rest);
        var length = lengths.Length == 0 ? 0 : long.Parse(lengths[0], System.Globalization.CultureInfo.InvariantCulture);
        return length <= rest.Length ? (rest[..(int)length], rest[(int)length..], true) : (rest, "", false);
    }

    private static string[] Find(IEnumerable<string> headers, string name) =>
        [.. headers.Select(h => h.Split(':', 2)).Where(h => h[0].Trim().Equals(name, StringComparison.OrdinalIgnoreCase)).Select(h => h[1].Trim())];

    private static (string Body, string Remainder, bool IsComplete) ReadChunks(string rest)
    {
        var body = "";
        while (true)
        {
            var lineEnd = rest.IndexOf("\r\n", StringComparison.Ordinal);
            if (lineEnd < 0)
                return (body, "", false);
            var size = Convert.ToInt32(rest[..lineEnd], 16);
            rest = rest[(lineEnd + 2)..];
            if (size == 0)
                break;
            if (rest.Length - 2 < size)
                return (body + rest[..Math.Min(size, rest.Length)], "", false);
            if (rest.Substring(size, 2) != "\r\n")
                throw new FormatException("chunk end");
            body += rest[..size];
            rest = rest[(size + 2)..];
        }

        while (true)
        {
            var lineEnd = rest.IndexOf("\r\n", StringComparison.Ordinal);
            if (lineEnd < 0)
                return (body, "", false);
            var isLast = lineEnd == 0;
            rest = rest[(lineEnd + 2)..];
            if (isLast)
                return (body, rest, true);
        }
    }
}
