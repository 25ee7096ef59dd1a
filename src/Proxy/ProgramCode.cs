using System.Reflection;

namespace Proxy;

/// <summary>
/// The code that the process runs on. The runtime opens an assembly when something in it is first used, and remembers
/// a failure for ever: a daemon that is out of descriptors at that moment would not recover.
/// </summary>
internal static class ProgramCode
{
    /// <summary>
    /// What refers to all that a program could want: everything of a web host, and the whole of the older library. What of
    /// it this program uses, it uses at its start, or others refer to it.
    /// </summary>
    private static readonly HashSet<string> Doorways = new(StringComparer.Ordinal) { "Microsoft.AspNetCore", "netstandard" };

    /// <summary>Loads every assembly that the program can come to use; each takes two descriptors.</summary>
    /// <returns>How many there are.</returns>
    internal static int LoadAll()
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        var waiting = new Queue<Assembly>([typeof(ProgramCode).Assembly]);
        while (waiting.TryDequeue(out var assembly))
        {
            foreach (var name in assembly.GetReferencedAssemblies().Where(name => known.Add(name.Name!)))
            {
                if (TryLoad(name) is { } loaded && !Doorways.Contains(name.Name!))
                    waiting.Enqueue(loaded);
            }
        }

        return known.Count;
    }

    // A library may refer to another for something that it does only elsewhere.
    private static Assembly? TryLoad(AssemblyName name)
    {
        try
        {
            return Assembly.Load(name);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
