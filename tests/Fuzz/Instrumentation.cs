namespace Fuzz;

/// <summary>Makes the published assemblies tell which branches they take.</summary>
internal static class Instrumentation
{
    private static readonly string[] Assemblies = ["node-proxy.dll", "Proxy.Policy.dll", "Proxy.Spiffe.dll", "YamlDotNet.dll"];

    public static int Run()
    {
        foreach (var name in Assemblies)
        {
            var types = SharpFuzz.Fuzzer.Instrument(Path.Combine(AppContext.BaseDirectory, name), _ => true, SharpFuzz.Options.Value).Count();
            Console.WriteLine($"{name}: {types} types instrumented");
        }

        return 0;
    }
}
