using System.Globalization;

namespace Lab.Traffic;

/// <summary>`lab traffic …`: the two ends of the fault loop's load, as processes of pods.</summary>
internal static class TrafficCommand
{
    public const string Usage = """
        usage: lab traffic serve                 the server of all kinds of conversations
               lab traffic to STOP-FILE HOST…    a client of all kinds, turn by turn to each address, until the file appears
               lab traffic steady STOP-FILE HOST RATE LONG
                                                 RATE new connections a second and LONG that stand, until the file appears
        """;

    public static async Task<int> RunAsync(string[] args)
    {
        switch (args)
        {
            case ["serve"]:
                return await TrafficServer.RunAsync();
            case ["steady", var stopFile, var host, var rate, var standing]:
                return await SteadyLoad.RunAsync(host, int.Parse(rate, CultureInfo.InvariantCulture), int.Parse(standing, CultureInfo.InvariantCulture), stopFile);
            case ["to", var stopFile, _, ..]:
                return await TrafficClient.RunAsync(args[2..], stopFile);
            default:
                Console.Error.WriteLine(Usage);
                return 2;
        }
    }
}
