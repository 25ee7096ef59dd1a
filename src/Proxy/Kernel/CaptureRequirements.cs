using Proxy.Native;
using Proxy.Policy;

namespace Proxy.Kernel;

/// <summary>What was found out about capture on this machine.</summary>
/// <param name="Tools">What to work with; null: capture is not possible.</param>
/// <param name="Missing">What is missing, one sentence each, with its remedy; empty if there are tools.</param>
/// <param name="Notes">What the operator should know although capture is possible.</param>
internal sealed record CaptureMeans(CaptureTools? Tools, IReadOnlyList<string> Missing, IReadOnlyList<string> Notes)
{
    /// <summary>All that is missing in one line.</summary>
    public string Fault => $"capture is not possible here: {string.Join("; ", Missing)}";
}

/// <summary>What the machine must have for capture, found out by making the rules in a namespace that is thrown away.</summary>
internal static class CaptureRequirements
{
    private static readonly string[] ToolsBesideIptables = ["ipset", "ip"];

    // A new pod whose rules cannot be made stays open: so what only some pods ask for is tried as well.
    private static readonly PortRange[] SomePorts = [new(1, 1), new(2, 3)];
    private static readonly Exclusions SomeExclusions = new() { InboundPorts = SomePorts, OutboundPorts = SomePorts };

    /// <summary>Tries the variant asked for, or nft and then legacy, and takes the first that works.</summary>
    /// <exception cref="ArgumentException">A value of the options is impossible.</exception>
    public static CaptureMeans Check(CaptureOptions options, ToolPath path)
    {
        options.Validate();
        List<string> missing = [.. NotInstalled(path)];
        if (missing.Count > 0)
            return new CaptureMeans(null, missing, []);
        foreach (var variant in options.Iptables is { } asked ? [asked] : Enum.GetValues<IptablesVariant>())
        {
            var tools = CaptureTools.Find(variant, path);
            string[] faults = [.. Faults(options, tools)];
            if (faults.Length == 0)
                return new CaptureMeans(tools, [], [.. Notes(tools, missing)]);
            missing.AddRange(faults);
        }
        return new CaptureMeans(null, missing, []);
    }

    private static IEnumerable<string> Notes(CaptureTools tools, List<string> triedInVain)
    {
        if (triedInVain.Count > 0)
            yield return $"{tools.Iptables} is used because the other variant does not work here: {triedInVain[0]}"
                + (triedInVain.Count > 1 ? $" (one of {triedInVain.Count} reasons)" : "");
        else if (tools.Other is null)
            yield return "the other variant of iptables is not installed: rules that it made at an earlier time are not seen";
    }

    private static IEnumerable<string> NotInstalled(ToolPath path)
    {
        string[] missing = [.. ToolsBesideIptables.Where(tool => path.Find(tool) is null)];
        if (missing.Length > 0)
            yield return Remedies.NotInstalled(missing);
    }

    private static IEnumerable<string> Faults(CaptureOptions options, CaptureTools tools)
    {
        if (tools.Iptables.Missing.Count > 0)
            return [Remedies.NotInstalled(tools.Iptables.Missing)];
        try
        {
            using var sample = NetworkNamespace.CreateTransient();
            return Try(sample, options, tools);
        }
        catch (IOException e)
        {
            return [$"network namespaces cannot be made: {e.Message}; the process needs CAP_SYS_ADMIN and CAP_NET_ADMIN"];
        }
        catch (CaptureException e)
        {
            return [e.Message];
        }
    }

    private static IReadOnlyList<string> Try(NetworkNamespace sample, CaptureOptions options, CaptureTools tools)
    {
        var rules = new CaptureRules(options with { Exclusions = SomeExclusions }, tools);
        try
        {
            rules.Apply(sample);
        }
        catch (CaptureException e)
        {
            var faults = KernelProbes.Faults(new NamespaceTools(sample, tools));
            return faults.Count > 0 ? faults : [e.Message];
        }
        return [.. QueueFaults(sample, options), .. rules.Verify(sample)];
    }

    private static string[] QueueFaults(NetworkNamespace sample, CaptureOptions options)
    {
        try
        {
            VerdictQueue.Open(sample, options.QueueNumber, 1).Dispose();
            return [];
        }
        catch (IOException e)
        {
            return [$"{e.Message}: modprobe nfnetlink_queue (CONFIG_NETFILTER_NETLINK_QUEUE)"];
        }
    }
}
