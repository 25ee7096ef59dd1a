using System.Diagnostics;
using System.Net.Sockets;
using Proxy.Native;

namespace Proxy.Tests.Issuer;

public sealed class UnixPeerTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("unix-peer-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    // In a container a program may lie at any path; what it is called there says nothing about what it is.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_program_is_named_by_its_path_unless_it_has_files_of_its_own(bool isContained)
    {
        Assert.SkipUnless(UnixPeer.OwnUserId == 0, "Only root makes mount namespaces.");
        var path = Path.Combine(_directory, "peer.sock");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        string[] curl = ["curl", "-qs", "--max-time", "60", "--unix-socket", path, "http://localhost/"];
        using var client = Process.Start(isContained ? "unshare" : "env", isContained ? ["--mount", .. curl] : curl);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var accepted = await listener.AcceptAsync(limit.Token);

        var program = UnixPeer.ReadProgram(accepted);

        client.Kill();
        await client.WaitForExitAsync(limit.Token);
        if (isContained)
            Assert.Null(program);
        else
            Assert.EndsWith("/curl", program, StringComparison.Ordinal);
    }
}
