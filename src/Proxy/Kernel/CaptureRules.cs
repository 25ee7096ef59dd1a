using System.Text;
using Proxy.Native;

namespace Proxy.Kernel;

/// <summary>The capture rules of pods' namespaces: made, checked, shown and removed, each idempotent.</summary>
internal sealed class CaptureRules
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private const int Attempts = 100;

    private readonly CaptureOptions options;

    public CaptureRules(CaptureOptions options)
    {
        options.Validate();
        this.options = options;
    }

    /// <summary>Makes the rules, or makes them right. Interrupted at any point, it leaves the pod closed.</summary>
    /// <exception cref="CaptureException">A tool or the kernel refuses; the message says which command.</exception>
    public void Apply(NetworkNamespace pod)
    {
        var tools = new NamespaceTools(pod);
        foreach (var step in Plan(tools).Apply())
            Run(tools, step);
    }

    /// <summary>Removes what is ours, whatever is left of it, and nothing else.</summary>
    /// <exception cref="CaptureException">A tool or the kernel refuses; the message says which command.</exception>
    public void Remove(NetworkNamespace pod)
    {
        var tools = new NamespaceTools(pod);
        foreach (var step in Plan(tools).Remove())
            Run(tools, step);
    }

    /// <summary>The commands that <see cref="Apply"/> would run now.</summary>
    public string DryRunApply(NetworkNamespace pod) => Text(Plan(new NamespaceTools(pod)).Apply());

    /// <summary>The commands that <see cref="Remove"/> would run now.</summary>
    public string DryRunRemove(NetworkNamespace pod) => Text(Plan(new NamespaceTools(pod)).Remove());

    /// <summary>What is missing or wrong, one sentence each; empty: capture stands.</summary>
    public IReadOnlyList<string> Verify(NetworkNamespace pod) =>
        [.. CaptureCheck.Faults(options, CaptureFindings.Read(new NamespaceTools(pod), options))];

    /// <summary>Rules with counters, sets and routes, and what is missing, for people.</summary>
    public string Show(NetworkNamespace pod)
    {
        var tools = new NamespaceTools(pod);
        var found = CaptureFindings.Read(tools, options);
        var text = new StringBuilder();
        foreach (var family in found.Families)
            CaptureText.Append(text, tools, options, family);
        CaptureText.AppendSets(text, tools, found.Sets);
        CaptureText.AppendFaults(text, [.. CaptureCheck.Faults(options, found)]);
        return text.ToString();
    }

    private CapturePlan Plan(NamespaceTools tools) => new(options, CaptureFindings.Read(tools, options));

    private static string Text(IEnumerable<CaptureStep> steps) => string.Concat(steps.Select(step => $"{step}\n"));

    internal static void Run(NamespaceTools tools, CaptureStep step)
    {
        if (step.Tool == "sysctl")
        {
            var setting = step.Arguments[1].Split('=');
            tools.WriteSetting(setting[0], setting[1]);
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
            throw new CaptureException($"capture in network namespace {tools.Pod.Name}: {step.Tool} {string.Join(' ', step.Arguments)} failed: {result.Error}");
    }

    private static bool IsBusySet(CaptureStep step, ToolResult result) =>
        !result.Succeeded && step.Tool == "ipset" && result.Error.Contains("in use", StringComparison.Ordinal);
}
