using System.Collections.Concurrent;

namespace Proxy.Policy.Matching;

/// <summary>The answers for peers that the same rules cover, by class of port and what is known of their authentication.</summary>
internal sealed class PeerAnswers(IReadOnlyList<CompiledRule> rules, PortClasses unnamed)
{
    private const int AuthenticationStates = 3;

    private readonly Verdict?[] _answers = new Verdict?[unnamed.Count * AuthenticationStates];
    private readonly ConcurrentDictionary<PortClasses, Verdict?[]> _named = new();

    /// <summary>The rules that cover the peers, in the order of the documents.</summary>
    public IReadOnlyList<CompiledRule> Rules => rules;

    public Verdict? Find(PortClasses ports, in ConnectionFacts facts) =>
        Volatile.Read(ref AnswersOf(ports)[IndexOf(ports, facts)]);

    /// <summary>Of two that are computed at once the first stays.</summary>
    public Verdict Remember(PortClasses ports, in ConnectionFacts facts, Verdict verdict) =>
        Interlocked.CompareExchange(ref AnswersOf(ports)[IndexOf(ports, facts)], verdict, null) ?? verdict;

    private Verdict?[] AnswersOf(PortClasses ports) => ReferenceEquals(ports, unnamed)
        ? _answers
        : _named.GetOrAdd(ports, static classes => new Verdict?[classes.Count * AuthenticationStates]);

    private static int IndexOf(PortClasses ports, in ConnectionFacts facts) =>
        (ports.Find(facts.Protocol, facts.Port) * AuthenticationStates) + (int)facts.Authentication;
}
