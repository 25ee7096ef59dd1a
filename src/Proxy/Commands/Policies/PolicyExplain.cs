using Proxy.Policy;
using Proxy.Telemetry;

namespace Proxy.Commands.Policies;

/// <summary>Tells what policy says of one connection, and every rule that was looked at.</summary>
internal sealed class PolicyExplain(PolicySnapshot policies, ExplainedQuestion question, TextWriter output)
{
    /// <summary>Whether the connection, and the request if one was asked about, may pass at both ends.</summary>
    public bool Write()
    {
        var isAllowed = true;
        if (question.Client.Workload is not null)
            isAllowed &= Write(Direction.Egress, question.Client);
        if (question.Server.Workload is not null)
            isAllowed &= Write(Direction.Ingress, question.Server);
        WriteLine($"{question.Client.Name} -> {question.Server.Name}:{question.Port} {question.Protocol.ToString().ToUpperInvariant()}: {(isAllowed ? "ALLOWED" : "DENIED")}");
        return isAllowed;
    }

    private bool Write(Direction direction, ExplainedParty subject)
    {
        var explained = question.Explain(policies, direction);
        var isAllowed = explained.Verdict.IsAllowed && explained.Request is not { IsAllowed: false };
        WriteLine($"{direction.ToString().ToLowerInvariant()} of {subject.Name}: {(isAllowed ? "allowed" : "denied")}: {explained.Summary}");
        foreach (var rule in explained.Rules)
            WriteLine($"  {(rule.Applies ? '+' : '-')} {rule.Rule}: {WordOf(rule.Effect)}{(rule.IsAudit ? ", under audit" : "")}: {rule.Why}");
        if (explained.Verdict.Http is not null && question.Method is null)
            WriteLine("  each request is judged too: give --method and --path to ask about one");
        if (explained.Verdict.Audit is { } audit)
            WriteLine($"  under audit: would be {(audit.IsAllowed ? "allowed" : "denied")}");
        return isAllowed;
    }

    private static string WordOf(RuleEffect effect) => effect switch
    {
        RuleEffect.Isolate => "isolates",
        RuleEffect.Select => "selects",
        RuleEffect.Close => "closes",
        RuleEffect.Deny => "denies",
        RuleEffect.Allow => "allows",
        _ => "allows requests",
    };

    private void WriteLine(string line) => output.WriteLine(TerminalText.Escape(line));
}
