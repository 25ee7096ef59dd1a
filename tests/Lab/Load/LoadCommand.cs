using System.Globalization;

namespace Lab.Load;

/// <summary>`lab load`: a server and clients that make load, and count what was answered in full.</summary>
internal static class LoadCommand
{
    private const string Usage = """
        lab load serve PORT                                    a server; the first byte of a connection says what it does
        lab load connections HOST PORT SECONDS WIDTH           connect, exchange, close; WIDTH at once
        lab load http HOST PORT SECONDS WIDTH PATH             connect, one request, close; WIDTH at once
        lab load upload|download HOST PORT SECONDS             bulk on one connection
        lab load stand HOST PORT COUNT GO-ON-FILE              connections that exchanged once and stand idle
        """;

    public static async Task<int> RunAsync(string[] args)
    {
        switch (args)
        {
            case ["serve", var port]:
                return await LoadServer.RunAsync((int)Number(port));
            case ["connections", var host, var port, var seconds, var width]:
                return await NewConnections.RunAsync(new(host, port), ConnectionExchange.Opaque, Seconds(seconds), (int)Number(width));
            case ["http", var host, var port, var seconds, var width, var path]:
                return await NewConnections.RunAsync(new(host, port), ConnectionExchange.Http(path), Seconds(seconds), (int)Number(width));
            case ["upload", var host, var port, var seconds]:
                return await Bulk.UploadAsync(new(host, port), Seconds(seconds));
            case ["download", var host, var port, var seconds]:
                return await Bulk.DownloadAsync(new(host, port), Seconds(seconds));
            case ["stand", var host, var port, var count, var goOn]:
                return await StandingConnections.RunAsync(new(host, port), (int)Number(count), goOn);
            default:
                Console.Error.WriteLine(Usage);
                return 2;
        }
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static TimeSpan Seconds(string text) => TimeSpan.FromSeconds(Number(text));
}
