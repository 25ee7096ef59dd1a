using System.Net.Sockets;
using System.Text;
using Proxy.Issuer;

namespace Proxy.Tests.Issuer;

/// <summary>Requests as gRPC for Java sends them to a Unix socket: the authority is the socket's path.</summary>
public sealed class RequestAuthorityTests
{
    private const string Path = "/run/spire/sockets/agent.sock";
    private const byte Headers = 1;
    private const byte Data = 0;
    private const byte Continuation = 9;
    private const byte EndStream = 1;
    private const byte EndHeaders = 4;
    private const byte Padded = 8;
    private const byte Prioritised = 32;

    private static readonly byte[] Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();
    private static readonly byte[] NoSettings = Frame(4, 0, 0, []);

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(7)]
    [InlineData(1)]
    public void The_path_of_a_socket_is_no_authority(int part)
    {
        var block = Block(Path);
        byte[] sent = [.. Preface, .. NoSettings, .. Frame(Headers, EndHeaders, 1, block), .. Frame(Data, EndStream, 1, Encoding.ASCII.GetBytes(Path))];

        Assert.Equal(Repaired(sent), Repair(sent, part));
    }

    [Fact]
    public void Padding_priority_and_continuations_are_in_nobodys_way()
    {
        Assert.Equal(Sent(Repaired(Block(Path)), Repaired(Block("/x"))), Repair(Sent(Block(Path), Block("/x")), 3));

        // The last three bytes of the first frame are padding, whatever they look like.
        static byte[] Sent(byte[] block, byte[] next) =>
        [
            .. Preface, .. NoSettings, .. Frame(Headers, Padded | Prioritised, 1, [3, 0, 0, 0, 0, 15, .. block[..20], 0x41, 1, (byte)'/']),
            .. Frame(Continuation, 0, 1, block[20..30]), .. Frame(Continuation, EndHeaders, 1, block[30..]), .. Frame(Headers, EndHeaders, 3, next),
        ];
    }

    [Fact]
    public void One_that_is_compressed_is_another_of_the_same_length()
    {
        byte[] sent = [.. Preface, .. Frame(Headers, EndHeaders, 1, [0x41, 0x83, 0x60, 0xC3, 0x1F, 0x83])];

        // An X each: RFC 7541, appendix B.
        Assert.Equal([.. Preface, .. Frame(Headers, EndHeaders, 1, [0x41, 0x83, 0xFC, 0xFC, 0xFC, 0x83])], Repair(sent, 2));
    }

    [Theory]
    [InlineData("another name", new byte[] { 0x44, 2, (byte)'/', (byte)'/' })]
    [InlineData("a name of its own", new byte[] { 0x40, 1, (byte)'/', 1, (byte)'/' })]
    [InlineData("an indexed field and a size", new byte[] { 0x81, 0x3F, 0xE1, 0x1F, 0x44, 1, (byte)'/' })]
    [InlineData("an endless number", new byte[] { 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x41, 1, (byte)'/' })]
    public void Nothing_else_is_touched(string what, byte[] block)
    {
        byte[] sent = [.. Preface, .. Frame(Headers, EndHeaders, 1, block)];

        Assert.True(sent.AsSpan().SequenceEqual(Repair(sent, int.MaxValue)), what);
    }

    [Fact]
    public void Whatever_comes_keeps_its_length_and_harms_nobody()
    {
        var random = new Random(5);
        for (var i = 0; i < 2000; i++)
        {
            var junk = new byte[random.Next(200)];
            random.NextBytes(junk);
            byte[] sent = [.. Preface, .. Frame(Headers, (byte)random.Next(256), 1, junk), .. junk];
            Assert.Equal(sent.Length, Repair(sent, random.Next(1, 50)).Length);
        }
    }

    [Fact]
    public async Task The_issuer_answers_such_a_request()
    {
        await using var issuer = new IssuerApis();
        await issuer.StartAsync();
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(issuer.Options.WorkloadSocketPath!), TestContext.Current.CancellationToken);
        await using var stream = new NetworkStream(socket);

        await stream.WriteAsync((byte[])[.. Preface, .. NoSettings, .. Frame(Headers, EndHeaders, 1, Block(Path)), .. Frame(Data, EndStream, 1, new byte[5])], TestContext.Current.CancellationToken);

        Assert.Equal(Headers, await ReadAnswerAsync(stream));
    }

    /// <summary>The type of the first frame of stream 1.</summary>
    private static async Task<byte> ReadAnswerAsync(NetworkStream stream)
    {
        var header = new byte[9];
        while (true)
        {
            await stream.ReadExactlyAsync(header, TestContext.Current.CancellationToken);
            await stream.ReadExactlyAsync(new byte[(header[0] << 16) | (header[1] << 8) | header[2]], TestContext.Current.CancellationToken);
            if (header[8] == 1 && header[3] != 8)
                return header[3];
        }
    }

    private static byte[] Repair(byte[] sent, int part)
    {
        var authority = new RequestAuthority();
        var received = sent.ToArray();
        for (var start = 0; start < received.Length; start += Math.Min(part, received.Length - start))
            authority.Repair(received.AsSpan(start, Math.Min(part, received.Length - start)));
        return received;
    }

    private static byte[] Repaired(byte[] sent)
    {
        var expected = sent.ToArray();
        foreach (var authority in (string[])[Path, "/x"])
        {
            var field = Literal(0x41, authority);
            if (expected.AsSpan().IndexOf(field) is >= 0 and var found)
                expected.AsSpan(found + field.Length - authority.Length, authority.Length).Fill((byte)'x');
        }

        return expected;
    }

    // RFC 7541, appendix A: 3 is POST, 6 http, 4 :path, 1 :authority, 31 content-type.
    private static byte[] Block(string authority) =>
    [
        0x83, 0x86, .. Literal(0x41, authority), .. Literal(0x04, "/SpiffeWorkloadAPI/FetchX509SVID"), 0x0F, .. Literal(0x10, "application/grpc"),
        0x00, .. Text("te"), .. Text("trailers"), 0x40, .. Text("workload.spiffe.io"), .. Text("true"),
    ];

    private static byte[] Literal(byte name, string value) => [name, .. Text(value)];

    private static byte[] Text(string value) => [(byte)value.Length, .. Encoding.ASCII.GetBytes(value)];

    private static byte[] Frame(byte type, byte flags, byte stream, byte[] payload) =>
        [0, (byte)(payload.Length >> 8), (byte)payload.Length, type, flags, 0, 0, 0, stream, .. payload];
}
