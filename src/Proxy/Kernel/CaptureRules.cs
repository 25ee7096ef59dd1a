using System.Text;
using Proxy.Native;
using Proxy.Policy;

namespace Proxy.Kernel;

/// <summary>The capture rules of pods' namespaces: made, checked, shown and removed, each idempotent.</summary>
internal sealed class CaptureRules
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private const int Attempts = 100;

    private readonly CaptureOptions options;

    private readonly CaptureTools programs;

    /// <exception cref="ArgumentException">A value of the options is impossible.</exception>
    public CaptureRules(CaptureOptions options, CaptureTools programs)
    {
        options.Validate();
        (this.options, this.programs) = (options, programs);
    }

    /// <summary>With what is installed here, without having tried it.</summary>
    /// <exception cref="ArgumentException">A value of the options is impossible.</exception>
    public CaptureRules(CaptureOptions options)
        : this(options, CaptureTools.Find(options.Iptables, ToolPath.OfProcess))
    {
    }

    /// <summary>The same rules with other exclusions.</summary>
    public CaptureRules Excluding(Exclusions exclusions) => new(options with { Exclusions = exclusions }, programs);

    /// <summary>Makes the rules, or makes them right. Interrupted at any point, it leaves the pod closed.</summary>
    /// <returns>What others have in the namespace, as <see cref="ForeignRules"/> tells it.</returns>
    /// <exception cref="CaptureException">A tool or the kernel refuses; the message says which command.</exception>
    public IReadOnlyList<string> Apply(NetworkNamespace pod)
    {
        var tools = Open(pod);
        var found = CaptureFindings.Read(tools, options);
        foreach (var step in new CapturePlan(options, found).Apply())
            Run(tools, step);
        return ForeignRules.Lines(found, options);
    }

    /// <summary>Removes what is ours, whatever is left of it, and nothing else.</summary>
    /// <exception cref="CaptureException">A tool or the kernel refuses; the message says which command.</exception>
    public void Remove(NetworkNamespace pod)
    {
        var tools = Open(pod);
        var found = CaptureFindings.Read(tools, options);
        RequireReadable(found, pod);
        foreach (var step in new CapturePlan(options, found).Remove())
            Run(tools, step);
    }

    /// <summary>The commands that <see cref="Apply"/> would run now.</summary>
    public string DryRunApply(NetworkNamespace pod) => Text(new CapturePlan(options, CaptureFindings.Read(Open(pod), options)).Apply());

    /// <summary>The commands that <see cref="Remove"/> would run now.</summary>
    public string DryRunRemove(NetworkNamespace pod) => Text(new CapturePlan(options, CaptureFindings.Read(Open(pod), options)).Remove());

    /// <summary>What is missing or wrong, one sentence each; empty: capture stands.</summary>
    public IReadOnlyList<string> Verify(NetworkNamespace pod) =>
        [.. CaptureCheck.Faults(options, CaptureFindings.Read(Open(pod), options))];

    /// <summary>Compares with what was made here before. Changes nothing.</summary>
    /// <param name="pod">Its namespace.</param>
    /// <param name="made">What an earlier look took for what was made; null: not known, and the rules are told by their comments only.</param>
    /// <exception cref="CaptureException">A tool or the kernel refuses; the message says which command.</exception>
    public CaptureLook Look(NetworkNamespace pod, IReadOnlyList<string>? made)
    {
        var found = CaptureFindings.Read(Open(pod), options);
        var own = found.OwnRules;
        string[] faults = [.. CaptureCheck.Faults(options, found)];
        return new CaptureLook(own, faults.Length > 0 || made is null ? faults : [.. CaptureCheck.Changes(made, own)]);
    }

    /// <summary>A number that changes with every change of rules in the namespace; null: this variant has none, and only a look tells.</summary>
    public uint? ReadGeneration(NetworkNamespace pod) =>
        programs.Iptables.Variant == IptablesVariant.Nft ? NetlinkRules.ReadGeneration(pod) : null;

    /// <summary>Rules with counters, sets and routes, and what is missing, for people.</summary>
    public string Show(NetworkNamespace pod)
    {
        var tools = Open(pod);
        var found = CaptureFindings.Read(tools, options);
        var text = new StringBuilder();
        foreach (var family in found.Families)
            CaptureText.Append(text, tools, options, family);
        CaptureText.AppendSets(text, tools, found.Sets);
        CaptureText.AppendForeign(text, ForeignRules.Lines(found, options));
        CaptureText.AppendFaults(text, [.. CaptureCheck.Faults(options, found)]);
        return text.ToString();
    }

    private NamespaceTools Open(NetworkNamespace pod) => new(pod, programs);

    // Our rules in such a table cannot be found: the pod would stay half closed and be called free.
    private static void RequireReadable(CaptureFindings found, NetworkNamespace pod)
    {
        if (found.IsCaptured && ForeignRules.UnreadableTables(found).FirstOrDefault() is { } fault)
            throw new CaptureException($"network namespace {pod.Name}: {fault}; what is ours in it is not removed, and the pod stays closed");
    }

    private static string Text(IEnumerable<CaptureStep> steps) => string.Concat(steps.Select(step => $"{step}\n"));

    internal static void Run(NamespaceTools tools, CaptureStep step)
    {
        if (step.Tool == "sysctl")
        {
            var setting = step.Arguments[1].Split('=');
            tools.WriteSetting(setting[0], setting[1]);
            return;
        }
        if (step.Tool == "conntrack")
        {
            tools.ForgetTracked();
            return;
        }
        var result = tools.Run(step.Tool, step.Arguments, step.Input);
        // The kernel lets go of a set only a moment after the rules that named it are gone.
        for (var attempt = 1; IsBusySet(step, result) && attempt < Attempts; attempt++)
        {
            Thread.Sleep(Pause);
            result = tools.Run(step.Tool, step.Arguments, step.Input);
        }
        if (!result.Succeeded)
            throw new CaptureException($"capture in network namespace {tools.Pod.Name}: {step.Tool} {string.Join(' ', step.Arguments)} failed: {Remedies.Explain(result.Error)}");
    }

    private static bool IsBusySet(CaptureStep step, ToolResult result) =>
        !result.Succeeded && step.Tool == "ipset" && result.Error.Contains("in use", StringComparison.Ordinal);
}
