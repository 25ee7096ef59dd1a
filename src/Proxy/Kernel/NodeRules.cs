using Proxy.Native;
using Proxy.Policy;

namespace Proxy.Kernel;

/// <summary>The rules of the node's own namespace, which tell what the node itself dials from what passes through it.</summary>
internal sealed class NodeRules(CaptureOptions options, CaptureTools programs)
{
    // As the tools printed them when they had just been made.
    private IReadOnlyList<string> _made = [];

    public CaptureOptions Options => options;

    /// <summary>Makes the rules for the node's enrolled pods, or makes them right; those of a family without probe source are removed.</summary>
    /// <exception cref="CaptureException">A tool or the kernel refuses; the message says which command.</exception>
    public void Apply(NetworkNamespace node, IReadOnlyCollection<Address> pods)
    {
        var tools = new NamespaceTools(node, programs);
        foreach (var step in new CapturePlan(options, CaptureFindings.Read(tools, options)).ApplyToNode(pods))
            CaptureRules.Run(tools, step);
        _made = CaptureFindings.Read(tools, options).OwnRules;
    }

    /// <summary>Whether what was made stands for these pods, whole, unchanged and before what others have. Changes nothing.</summary>
    /// <exception cref="CaptureException">A tool or the kernel refuses; the message says which command.</exception>
    public bool Stand(NetworkNamespace node, IReadOnlyCollection<Address> pods)
    {
        var tools = new NamespaceTools(node, programs);
        var found = CaptureFindings.Read(tools, options);
        return !CaptureCheck.NodeFaults(options, found).Any()
            && found.OwnRules.SequenceEqual(_made)
            && found.Families.Where(HasProbeSource).All(family => Members(tools, family).SetEquals(pods.Where(address => address.IsIPv4 == (family == CaptureFamily.IPv4))));
    }

    private bool HasProbeSource(CaptureFamily family) => family.ProbeSource(options) is not null;

    private static HashSet<Address> Members(NamespaceTools tools, CaptureFamily family) =>
    [
        .. CaptureFindings.Output(tools, "ipset", ["save", family.PodSet])
            .Select(line => line.Split(' '))
            .Where(words => words is ["add", _, _, ..])
            .Select(words => Address.TryParse(words[2], out var address) ? address : default),
    ];

    /// <summary>With the probe sources only that this kernel can give; tried in a namespace that is thrown away.</summary>
    public static NodeRules WithWhatWorks(CaptureOptions options, CaptureTools programs, Action<string> log)
    {
        var all = new NodeRules(options, programs);
        if (all.FindFault() is null)
            return all;
        var none = options with { ProbeSourceIPv4 = null, ProbeSourceIPv6 = null };
        var ipv4 = new NodeRules(none with { ProbeSourceIPv4 = options.ProbeSourceIPv4 }, programs);
        var ipv6 = new NodeRules(none with { ProbeSourceIPv6 = options.ProbeSourceIPv6 }, programs);
        return new NodeRules(options with
        {
            ProbeSourceIPv4 = ipv4.Works(CaptureFamily.IPv4, log) ? options.ProbeSourceIPv4 : null,
            ProbeSourceIPv6 = ipv6.Works(CaptureFamily.IPv6, log) ? options.ProbeSourceIPv6 : null,
        }, programs);
    }

    private bool Works(CaptureFamily family, Action<string> log)
    {
        if (FindFault() is not { } fault)
            return true;
        log($"{family.Name}: the node's own connections (probes) are captured like any other, since no rule can tell them apart: {fault} (modprobe xt_owner xt_nat xt_set ip_set_hash_ip)");
        return false;
    }

    private string? FindFault()
    {
        try
        {
            using var sample = NetworkNamespace.CreateTransient();
            Apply(sample, []);
            return null;
        }
        catch (Exception e) when (e is CaptureException or IOException)
        {
            return e.Message;
        }
    }
}
