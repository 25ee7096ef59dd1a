using Proxy.Policy.Documents;
using Proxy.Policy.Labels;
using static Proxy.Policy.Tests.Empire;

namespace Proxy.Policy.Tests.Matching;

/// <summary>A snapshot made from an earlier one says what a new one says, and keeps what did not change.</summary>
public sealed class IncrementalTests
{
    [Fact]
    public void Nothing_changed_gives_the_snapshot_back()
    {
        var documents = Draft.Documents("tie 80", "on:tie alliance 80");
        var before = PolicySnapshot.Compile(documents);

        Assert.Same(before, PolicySnapshot.Compile(documents, PolicyContext.Empty, before));
        Assert.Same(before, PolicySnapshot.Compile(documents, new PolicyContext(), before));
    }

    [Fact]
    public void Answers_of_untouched_subjects_are_kept_and_the_others_are_new()
    {
        var documents = Draft.Documents("tie 80", "on:tie alliance 80");
        var before = PolicySnapshot.Compile(documents);
        var (onDeathStar, onTie) = (before.Ask(TieFighter), before.Ask(XWing, subject: TieFighter));
        var after = PolicySnapshot.Compile([documents[0], Draft.Document("on:tie world 80", "p1")], null, before);

        Assert.Same(onDeathStar, after.Ask(TieFighter));
        Assert.True(onTie.IsAllowed);
        Assert.False(after.Ask(XWing, subject: TieFighter).IsAllowed);
        Assert.True(before.Ask(XWing, subject: TieFighter).IsAllowed);
    }

    [Fact]
    public void Documents_that_come_and_go_count()
    {
        var documents = Draft.Documents("tie 80", "deny tie 80");
        var one = PolicySnapshot.Compile(documents[..1]);
        Assert.True(one.Ask(TieFighter).IsAllowed);
        var two = PolicySnapshot.Compile(documents, null, one);
        Assert.False(two.Ask(TieFighter).IsAllowed);
        Assert.True(PolicySnapshot.Compile(documents[..1], null, two).Ask(TieFighter).IsAllowed);
        Assert.Equal(VerdictReason.NotIsolated, PolicySnapshot.Compile([], null, two).Ask(TieFighter).Reason);
    }

    [Fact]
    public void What_documents_refer_to_counts()
    {
        var documents = Draft.Documents("group:g 80", "on:tie alliance 80");
        var before = PolicySnapshot.Compile(documents, Context("203.0.113.0/24"));
        var onTie = before.Ask(XWing, subject: TieFighter);
        Assert.False(AskWorld(before));
        Assert.Same(before, PolicySnapshot.Compile(documents, Context("203.0.113.0/24"), before));
        var after = PolicySnapshot.Compile(documents, Context("198.51.100.0/24"), before);

        Assert.True(AskWorld(after));
        Assert.Same(onTie, after.Ask(XWing, subject: TieFighter));
    }

    [Fact]
    public void A_namespace_that_comes_under_audit_counts()
    {
        var documents = Draft.Documents("tie 80");
        var before = PolicySnapshot.Compile(documents);
        Assert.False(before.Ask(XWing).IsAllowed);
        var after = PolicySnapshot.Compile(documents, new PolicyContext { AuditNamespaces = new HashSet<string> { "default" } }, before);

        Assert.True(after.Ask(XWing).IsAllowed);
    }

    private static PolicyContext Context(string range) =>
        new() { CidrGroups = [new CidrGroup("g", LabelSet.Empty, [Draft.CidrOf(range)], [])] };

    private static bool AskWorld(PolicySnapshot snapshot)
    {
        Assert.True(Address.TryParse("198.51.100.1", out var address));
        return snapshot.Decide(new ConnectionFacts(Direction.Ingress, DeathStar, Identity.World, TransportProtocol.Tcp, 80, default) { PeerAddress = address }).IsAllowed;
    }
}
