namespace Lab.Compare;

/// <summary>Shows, before anything is timed, that a path does what it is compared for.</summary>
internal static class PathProof
{
    // ServerHello up to the cipher suite: record header, handshake header, version, random, session id with its length (RFC 8446 §4.1.3).
    private const int CipherSuiteAt = 5 + 4 + 2 + 32 + 1 + 32;

    // key_share of a ServerHello: extension 51, 36 bytes, group 29 (RFC 8446 §4.2.8).
    private static ReadOnlySpan<byte> KeyShareX25519 => [0x00, 0x33, 0x00, 0x24, 0x00, 0x1d];

    // pre_shared_key of a ServerHello: extension 41, 2 bytes (RFC 8446 §4.2.11).
    private static ReadOnlySpan<byte> Resumption => [0x00, 0x29, 0x00, 0x02];

    private static ReadOnlySpan<byte> Aes128Gcm => [0x13, 0x01];

    public static async Task RequireAsync(Hops hops)
    {
        var wire = await hops.Lab.CaptureOnLinkAsync(hops.Lab.Nodes[0]);
        var (address, port) = hops.Http;
        await RequireStatusAsync(hops, $"http://{address}:{port}{Hops.AllowedPath}", "GET", 200);
        await RequireStatusAsync(hops, $"http://{address}:{port}{Hops.AllowedPath}", "DELETE", 403);
        await RequireStatusAsync(hops, $"http://{address}:{port}/exhaust-port", "GET", 403);
        await LoadRun.ConnectionsAsync(hops, TimeSpan.FromMilliseconds(1), 1);
        RequireTls(hops, await wire.StopAsync());
    }

    /// <summary>Each connection of a client must be a handshake between the hops, and none may resume another.</summary>
    public static async Task RequireFullHandshakesAsync(Hops hops)
    {
        var wire = await hops.Lab.CaptureOnLinkAsync(hops.Lab.Nodes[0]);
        var load = await LoadRun.ConnectionsAsync(hops, TimeSpan.FromMilliseconds(50), 4);
        var hellos = (await wire.StopAsync()).Where(segment => segment.IsTls13ServerHello).ToList();
        Require(hops, hellos.Count >= load.Done, $"{hellos.Count} handshakes for {load.Done} connections");
        Require(hops, !hellos.Any(hello => hello.Contains(Resumption)), "a TLS session is resumed");
    }

    private static async Task RequireStatusAsync(Hops hops, string url, string method, int status)
    {
        var answer = await Curl.AskAsync(hops.Client, url, "-X", method);
        if (answer.Status != status)
        {
            throw new LabException($"{hops}: {method} {url} is not answered with {status}: {answer}");
        }
    }

    private static void RequireTls(Hops hops, IReadOnlyList<CapturedSegment> segments)
    {
        var hellos = segments.Where(segment => segment.IsTls13ServerHello).ToList();
        Require(hops, hellos.Count >= 2, "fewer than two TLS 1.3 handshakes on the wire");
        Require(hops, hellos.All(hello => hello.Payload.AsSpan(CipherSuiteAt).StartsWith(Aes128Gcm)), "another cipher suite than TLS_AES_128_GCM_SHA256");
        Require(hops, hellos.All(hello => hello.Contains(KeyShareX25519)), "another group than X25519");
        Require(hops, !segments.Any(segment => segment.Contains("landing"u8) || segment.Contains("opqrstuv"u8)), "plaintext on the wire");
    }

    private static void Require(Hops hops, bool condition, string fault)
    {
        if (!condition)
        {
            throw new LabException($"{hops}: {fault}");
        }
    }
}
