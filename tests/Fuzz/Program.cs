using System.Globalization;
using Fuzz;

// Before anything that is instrumented runs.
Coverage.Attach();

return args switch
{
    ["run" or "run-one" or "replay", var name, ..] when !FuzzTargets.Has(name) && (args[0], name) != ("run", "all") => Unknown(name),
    ["instrument"] => Instrumentation.Run(),
    ["list"] => List(),
    ["run", var name, var seconds, var seed] => FuzzRun.Run(name, Number(seconds), Number(seed)),
    ["run-one", var name, var seconds, var seed] => FuzzRun.RunOne(FuzzTargets.Find(name), Number(seconds), Number(seed)),
    ["replay", var name, .. var files] when files.Length > 0 => FuzzRun.Replay(FuzzTargets.Find(name), files),
    ["certificates", var folder] => Fuzz.Targets.TestCertificates.Write(folder),
    _ => Usage(),
};

static int List()
{
    foreach (var target in FuzzTargets.All)
        Console.WriteLine(target.Name);
    return 0;
}

static int Unknown(string name)
{
    Console.Error.WriteLine($"no target '{name}'; there are: {string.Join(", ", FuzzTargets.All.Select(target => target.Name))}");
    return 2;
}

static int Usage()
{
    Console.Error.WriteLine("usage: Fuzz instrument | list | run TARGET|all SECONDS SEED (0: any) | replay TARGET FILE… | certificates FOLDER");
    return 2;
}

static int Number(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
