using Proxy.Policy;
using Proxy.Telemetry;

namespace Proxy.Commands.Policies;

/// <summary>Tells what policy says of one connection, and every rule that was looked at.</summary>
internal sealed class PolicyExplain(PolicySnapshot policies, ExplainedQuestion question, TextWriter output)
{
    private readonly AskedRequest? _request = question.ReadRequest(out _);

    /// <summary>Whether the connection, and the request if one was asked about, may pass at both ends.</summary>
    public bool Write()
    {
        var (isAllowed, done) = (true, default(HeaderActions));
        if (question.Client.Workload is not null)
            isAllowed &= Write(Direction.Egress, question.Client, ref done);
        if (question.Server.Workload is not null)
            isAllowed &= Write(Direction.Ingress, question.Server, ref done);
        if (question.FindObstacle() is { } obstacle)
        {
            WriteLine($"whatever policy says, denied: {obstacle}");
            isAllowed = false;
        }

        WriteLine($"{question.Client.Name} -> {question.Server.Name}:{question.Port} {question.Protocol.ToString().ToUpperInvariant()}: {(isAllowed ? "ALLOWED" : "DENIED")}");
        return isAllowed;
    }

    // The server's side looks at the header fields that the client's side sends on.
    private bool Write(Direction direction, ExplainedParty subject, ref HeaderActions done)
    {
        var explained = question.Explain(policies, direction, _request, done);
        done = explained.Request?.Actions ?? default;
        var fault = FindFault(explained);
        var isAllowed = explained.Verdict.IsAllowed && explained.Request is not { IsAllowed: false } && fault.Length == 0;
        WriteSummary(direction, subject, isAllowed, fault.Length > 0 ? $"the connection is allowed, and the request gets 400: {fault}" : explained.Summary);
        foreach (var rule in explained.Rules)
            WriteLine($"  {(rule.Applies ? '+' : '-')} {rule.Rule}: {WordOf(rule.Effect)}{(rule.IsAudit ? ", under audit" : "")}: {rule.Why}");
        foreach (var action in done)
            WriteLine($"  header fields: {action.Note}");
        if (explained.Verdict.Http is not null && question.Method is null)
            WriteLine("  each request is judged too: give --method and --path to ask about one");
        if (explained.Verdict.Audit is { } audit)
            WriteLine($"  under audit: would be {(audit.IsAllowed ? "allowed" : "denied")}");
        if (!IsEnforced(direction))
            WriteLine($"  nobody enforces this: {subject.Name} is not enrolled, or the port is excluded");
        return isAllowed;
    }

    private void WriteSummary(Direction direction, ExplainedParty subject, bool isAllowed, string summary)
    {
        var word = isAllowed ? "allowed" : "denied";
        WriteLine($"{direction.ToString().ToLowerInvariant()} of {subject.Name}: {(summary.StartsWith(word, StringComparison.Ordinal) ? summary : $"{word}: {summary}")}");
    }

    // Where requests are only watched, what does not read as one passes unread.
    private string FindFault(PolicyExplanation explained)
    {
        var fault = "";
        if (explained.Verdict is { IsAllowed: true, Http: not null, Audit: not { IsAllowed: true } } && _request is null)
            question.ReadRequest(out fault);
        else if (_request is not null && explained.Request is { IsAllowed: true } answer && answer.Actions.ChangesFields)
            fault = _request.FindFault(answer.Actions);
        return fault;
    }

    // The client's node asks for the server's side as well.
    private bool IsEnforced(Direction direction) =>
        question.Client.Workload is { IsEnrolled: true }
        || (direction == Direction.Ingress && question.Server.Workload!.IsCapturedAt(question.Port));

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
