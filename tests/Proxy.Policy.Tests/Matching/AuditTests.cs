using static Proxy.Policy.Tests.Empire;

namespace Proxy.Policy.Tests.Matching;

public sealed class AuditTests
{
    [Theory]
    [InlineData("audit alone would deny", "audit empire 80", "xw", VerdictReason.NotIsolated, VerdictReason.DefaultDeny)]
    [InlineData("audit alone would allow", "audit empire 80", "tie", VerdictReason.NotIsolated, null)]
    [InlineData("a deny under audit", "pods 80|audit deny tie 80", "tie", VerdictReason.Allowed, VerdictReason.Denied)]
    [InlineData("others deny anyway", "alliance 80|audit deny tie 80", "tie", VerdictReason.DefaultDeny, null)]
    [InlineData("an allow under audit opens nothing", "alliance 80|audit tie 80", "tie", VerdictReason.DefaultDeny, null)]
    [InlineData("a refused document under audit", "pods 80|audit closed", "tie", VerdictReason.Allowed, VerdictReason.DocumentRefused)]
    [InlineData("the own node", "audit deny any *", "host", VerdictReason.Allowed, null)]
    public void Documents_under_audit_are_told_and_not_enforced(string row, string policies, string peer, VerdictReason enforced, VerdictReason? audited)
    {
        var verdict = Draft.Snapshot(policies.Split('|')).Ask(Named(peer));

        Assert.True(peer == "host" || enforced == verdict.Reason, row);
        Assert.True(audited == verdict.Audit?.Reason, row);
    }

    [Fact]
    public void A_demand_under_audit_is_told_once_it_is_not_met()
    {
        var snapshot = Draft.Snapshot("audit tie 80 required");

        Assert.Null(snapshot.Ask(TieFighter).Audit);
        Assert.Equal(VerdictReason.AuthenticationRequired, snapshot.Ask(TieFighter, authentication: PeerAuthentication.Unauthenticated).Audit?.Reason);
    }

    [Fact]
    public void Requests_that_rules_under_audit_would_refuse_pass_and_are_told()
    {
        var verdict = Draft.Snapshot("audit tie 80 http:POST").Ask(TieFighter);

        Assert.Equal((true, false), Judge(verdict, "POST"u8));
        Assert.Equal((true, true), Judge(verdict, "PUT"u8));
        Assert.NotNull(verdict.Audit?.Http);
    }

    [Fact]
    public void Enforced_HTTP_rules_stay_as_they_are()
    {
        var verdict = Draft.Snapshot("tie 80 http:POST", "audit tie 80 http:PUT").Ask(TieFighter);

        Assert.Equal((true, false), Judge(verdict, "POST"u8));
        Assert.Equal((false, false), Judge(verdict, "PUT"u8));
    }

    [Fact]
    public void A_namespace_under_audit_counts_for_its_documents()
    {
        var context = new PolicyContext { AuditNamespaces = new HashSet<string> { "default" } };
        var verdict = Draft.SnapshotWith(context, "empire 80").Ask(XWing);

        Assert.True(verdict.IsAllowed);
        Assert.Equal(VerdictReason.DefaultDeny, verdict.Audit?.Reason);
    }

    private static (bool IsAllowed, bool Audited) Judge(Verdict verdict, ReadOnlySpan<byte> method)
    {
        var request = verdict.Http!.Decide(new RequestFacts(method, "/"u8, "h"u8));
        return (request.IsAllowed, request.Audited);
    }
}
