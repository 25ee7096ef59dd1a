namespace Proxy.Kernel;

/// <summary>The two ways into the kernel that the programs called iptables have. What one makes the other does not see.</summary>
internal enum IptablesVariant
{
    /// <summary>Over nf_tables.</summary>
    Nft,

    /// <summary>Over the kernel's older ip_tables.</summary>
    Legacy,
}

/// <summary>The programs of one variant, by the names under which they are installed here.</summary>
internal sealed class Iptables
{
    private static readonly string[] Verbs = ["", "-save", "-restore"];

    private readonly Dictionary<string, string> names = [];

    private Iptables(IptablesVariant variant) => Variant = variant;

    public IptablesVariant Variant { get; }

    /// <summary>The programs that are not installed; empty: usable.</summary>
    public IReadOnlyList<string> Missing { get; private set; } = [];

    /// <summary>The program that changes single rules.</summary>
    public string Command(CaptureFamily family) => names[family.Tool];

    /// <summary>The program that prints all rules.</summary>
    public string Save(CaptureFamily family) => names[family.Tool + "-save"];

    /// <summary>The program that changes many rules at once.</summary>
    public string Restore(CaptureFamily family) => names[family.Tool + "-restore"];

    public override string ToString() => NameOf("iptables", Variant);

    /// <summary>Looks for the programs of a variant: under their own names, else under the plain ones if those are of that variant.</summary>
    public static Iptables Find(IptablesVariant variant, ToolPath path)
    {
        var found = new Iptables(variant);
        List<string> missing = [];
        foreach (var tool in (string[])[CaptureFamily.IPv4.Tool, CaptureFamily.IPv6.Tool])
        {
            foreach (var verb in Verbs)
            {
                var name = FindName(variant, tool, verb, path);
                found.names.Add(tool + verb, name ?? NameOf(tool, variant) + verb);
                if (name is null)
                    missing.Add(NameOf(tool, variant) + verb);
            }
        }
        found.Missing = missing;
        return found;
    }

    private static string? FindName(IptablesVariant variant, string tool, string verb, ToolPath path)
    {
        var own = NameOf(tool, variant) + verb;
        if (path.Find(own) is not null)
            return own;
        return path.Find(tool + verb) is { } plain && ReadVariant(plain) == variant ? tool + verb : null;
    }

    // Each is asked: the system's choice of iptables and that of ip6tables are two. Before 1.8 there was only one variant.
    private static IptablesVariant? ReadVariant(string program)
    {
        try
        {
            using var process = ToolProcess.Start(program, ["--version"]);
            var result = ToolProcess.Finish(process, "");
            if (result.Succeeded)
                return result.Output.Contains("nf_tables", StringComparison.Ordinal) ? IptablesVariant.Nft : IptablesVariant.Legacy;
        }
        catch (CaptureException)
        {
            // A program that cannot even say what it is is of no variant.
        }
        return null;
    }

    private static string NameOf(string tool, IptablesVariant variant) => variant == IptablesVariant.Nft ? $"{tool}-nft" : $"{tool}-legacy";
}
