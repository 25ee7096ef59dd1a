using System.Text;
using Proxy.Policy.Matching;
using static Proxy.Policy.Tests.Empire;

namespace Proxy.Policy.Tests.Matching;

/// <summary>What a rule of <c>rules.http</c> says of a request.</summary>
public sealed class HttpRuleTests
{
    private static readonly RuleReference Reference = new("CiliumNetworkPolicy", "default", "p", "spec");

    [Theory]
    [InlineData("{}", true)]
    [InlineData("{method: '', path: '', host: ''}", true)]
    [InlineData("{method: GET, path: '/a.*', host: deathstar}", true)]
    [InlineData("{method: POST, path: '/a.*', host: deathstar}", false)]
    [InlineData("{method: GET, path: '/b.*', host: deathstar}", false)]
    [InlineData("{method: GET, path: '/a.*', host: other}", false)]
    [InlineData("{method: get}", false)]
    [InlineData("{path: /a}", false)]
    [InlineData("{path: '/a\\?q=1'}", true)]
    [InlineData("{host: 'death.tar'}", true)]
    [InlineData("{host: 'death'}", false)]
    [InlineData("{headers: [X-Role]}", true)]
    [InlineData("{headers: ['X-Role:']}", true)]
    [InlineData("{headers: ['x-role: admin']}", true)]
    [InlineData("{headers: ['X-Role admin']}", true)]
    [InlineData("{headers: ['X-Role: Admin']}", false)]
    [InlineData("{headers: ['X-Role: adm']}", false)]
    [InlineData("{headers: [X-Other]}", false)]
    [InlineData("{headers: ['X-Words: one two']}", true)]
    [InlineData("{headers: ['X-Words: one']}", false)]
    [InlineData("{headers: ['X-Empty: ']}", true)]
    [InlineData("{headers: ['X-Role: ']}", false)]
    [InlineData("{headers: ['X-Padded: v']}", true)]
    [InlineData("{headers: ['X-Twice: a']}", false)]
    [InlineData("{headers: ['X-Twice: b']}", false)]
    [InlineData("{headers: ['X-Same: a']}", false)]
    [InlineData("{headers: [X-Twice]}", true)]
    [InlineData("{headers: ['X-Disguised: a']}", false)]
    [InlineData("{headers: [X-Disguised]}", true)]
    [InlineData("{headers: ['X-Only-Disguised: a']}", false)]
    [InlineData("{headers: [X-Only-Disguised]}", false)]
    [InlineData("{headers: ['X-Role: admin', X-Other]}", false)]
    [InlineData("{headers: ['Host: deathstar']}", true)]
    [InlineData("{headerMatches: [{name: X-Role}]}", true)]
    [InlineData("{headerMatches: [{name: X-Role, value: ''}]}", true)]
    [InlineData("{headerMatches: [{name: X-Other}]}", false)]
    [InlineData("{headerMatches: [{name: X-Role, value: admin}]}", true)]
    [InlineData("{headerMatches: [{name: X-Role, value: user}]}", false)]
    [InlineData("{headerMatches: [{name: X-Role, value: user, mismatch: ''}]}", false)]
    [InlineData("{headerMatches: [{name: X-Role, value: user, mismatch: LOG}]}", true)]
    [InlineData("{headerMatches: [{name: X-Role, value: user, mismatch: LOG}, {name: X-Role, value: user}]}", false)]
    [InlineData("{headerMatches: [{name: X-Role, secret: {name: none}}]}", false)]
    [InlineData("{headerMatches: [{name: X-Role, secret: {name: none}, value: admin}]}", true)]
    [InlineData("{headerMatches: [{name: X-Role, secret: {name: none}, mismatch: LOG}]}", false)]
    [InlineData("{headerMatches: [{name: X-Role, secret: {name: none}, mismatch: REPLACE}]}", false)]
    [InlineData("{headerMatches: [{name: X-Role, secret: {name: none}, value: user, mismatch: REPLACE}]}", true)]
    public void All_fields_of_a_rule_must_match(string rule, bool isAllowed)
    {
        const string Headers = "Host: deathstar\r\nX-Role: admin\r\nX-Empty:\r\nX-Words: one two\r\nX-Padded:\t v \t\r\nX-Twice: a\r\nX-Twice: b\r\n"
            + "X-Same: a\r\nX-Same: a\r\nX-Disguised: a\r\nX_Disguised: b\r\nX_Only_Disguised: a\r\n";

        Assert.Equal(isAllowed, Decide(RulesOf(rule), "/a?q=1", Headers).IsAllowed);
    }

    [Theory]
    [InlineData("deathstar", "deathstar", true)]
    [InlineData("deathstar", "deathstar:8080", false)]
    [InlineData("deathstar(:[0-9]+)?", "deathstar:8080", true)]
    [InlineData("deathstar", "Deathstar", false)]
    [InlineData("(?i)deathstar", "Deathstar", true)]
    [InlineData("foo.bar.com", "fooxbar.com", true)]
    [InlineData("foo\\.bar\\.com", "fooxbar.com", false)]
    [InlineData("foo.bar.com", "foo.bar.com:8080", false)]
    [InlineData(".*", "", true)]
    [InlineData(".+", "", false)]
    public void The_host_is_the_whole_authority_as_sent(string pattern, string host, bool isAllowed)
    {
        var facts = new RequestFacts("GET"u8, "/"u8, Encoding.ASCII.GetBytes(host));

        Assert.Equal(isAllowed, RulesOf($"{{host: '{pattern}'}}").Decide(facts).IsAllowed);
    }

    [Theory]
    [InlineData("LOG", "value: b", "", "missing-header=X-A|Log:")]
    [InlineData("LOG", "value: b", "X-A: a", "rejected-header=X-A|Log:")]
    [InlineData("LOG", "value: b", "X-A: b", "")]
    [InlineData("ADD", "value: b", "", "missing-header=X-A, added|Add:b")]
    [InlineData("ADD", "value: b", "X-A: a", "rejected-header=X-A, added|Add:b")]
    [InlineData("ADD", "value: b", "x-a: b", "")]
    [InlineData("DELETE", "value: b", "", "")]
    [InlineData("DELETE", "value: b", "X-A: a", "rejected-header=X-A, deleted|Delete:")]
    [InlineData("DELETE", "value: b", "X-A: b", "")]
    [InlineData("REPLACE", "value: b", "", "missing-header=X-A, added|Replace:b")]
    [InlineData("REPLACE", "value: b", "X-A: a", "rejected-header=X-A, replaced|Replace:b")]
    [InlineData("REPLACE", "value: b", "X-A: b\r\nX-A: b", "rejected-header=X-A, replaced|Replace:b")]
    [InlineData("REPLACE", "value: b", "X-A: b\r\nX_A: c", "rejected-header=X-A, replaced|Replace:b")]
    [InlineData("ADD", "value: ''", "", "missing-header=X-A, added|Add:")]
    [InlineData("DELETE", "value: ''", "X-A: a", "")]
    public void A_mismatch_has_its_action(string action, string value, string headers, string expected)
    {
        var verdict = Decide(RulesOf($"{{headerMatches: [{{name: X-A, {value}, mismatch: {action}}}]}}"), "/", headers + "\r\n");

        Assert.True(verdict.IsAllowed);
        Assert.Equal(expected, Show(verdict));
    }

    [Fact]
    public void All_rules_that_match_act_and_none_that_does_not()
    {
        var rules = RulesOf(
            "{path: /a, headerMatches: [{name: X-A, value: '1', mismatch: ADD}]}",
            "{path: /b, headerMatches: [{name: X-B, value: '1', mismatch: ADD}]}",
            "{method: GET}",
            "{path: /a, headerMatches: [{name: X-C, value: '1', mismatch: REPLACE}, {name: X-D, mismatch: LOG}]}",
            "{path: /a, headerMatches: [{name: X-E, value: '1', mismatch: ADD}, {name: X-F}]}");

        Assert.Equal("missing-header=X-A, added|Add:1 missing-header=X-C, added|Replace:1 missing-header=X-D|Log:", Show(Decide(rules, "/a", "")));
        Assert.Equal("missing-header=X-B, added|Add:1", Show(Decide(rules, "/b", "")));
        Assert.Equal("spec.ingress[0].toPorts[0].rules.http[0]", Decide(rules, "/a", "").Rule!.RulePath);
        Assert.Equal("spec.ingress[0].toPorts[0].rules.http[2]", Decide(rules, "/c", "").Rule!.RulePath);
    }

    [Theory]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(200)]
    public void As_many_actions_as_there_are_happen(int count)
    {
        var matches = Enumerable.Range(0, count).Select(i => new HttpMatch(null, null, Reference)
        {
            Headers = [new HeaderMatch($"X-{i}", "v", null, HeaderActionKind.Add)],
        });
        var verdict = Decide(new HttpRuleSet(matches), "/", "X-1: v\r\nX-2: other\r\n");

        var expected = Enumerable.Range(0, count).Where(i => i != 1).Select(i => $"X-{i}");
        Assert.Equal(expected, NamesOf(verdict.Actions));
        Assert.True(verdict.Actions.ChangesFields);
    }

    [Theory]
    [InlineData("default", "token", "s3cret", true)]
    [InlineData("default", "token", "S3cret", false)]
    [InlineData("default", "token", "s3cre", false)]
    [InlineData("default", "token", "fallback", false)]
    [InlineData("other", "token", "fallback", true)]
    [InlineData("other", "token", "s3cret", false)]
    [InlineData("default", "several", "fallback", false)]
    [InlineData("default", "disputed", "one", false)]
    [InlineData("default", "disputed", "fallback", false)]
    [InlineData("default", "lined", "x", false)]
    [InlineData("default", "lined", "fallback", false)]
    [InlineData("default", "empty", "anything", false)]
    [InlineData("default", "empty", "fallback", false)]
    public void A_secret_is_the_value_and_the_value_stands_in_for_an_absent_one(string space, string name, string sent, bool isAllowed)
    {
        PolicySecrets secrets = new([
            new PolicySecret("default", "token", "s3cret"u8.ToArray()),
            new PolicySecret("default", "several", null),
            new PolicySecret("default", "disputed", "one"u8.ToArray()),
            new PolicySecret("default", "disputed", "two"u8.ToArray()),
            new PolicySecret("default", "lined", "x\n"u8.ToArray()),
            new PolicySecret("default", "empty", Array.Empty<byte>()),
        ]);
        HttpRuleSet Rules(string? value) => new(
            [new HttpMatch(null, null, Reference) { Headers = [new HeaderMatch("X-T", value, new SecretName(space, name))] }], null, secrets);

        Assert.Equal(isAllowed, Decide(Rules("fallback"), "/", $"X-T: {sent}\r\n").IsAllowed);
        Assert.Equal(isAllowed && sent != "fallback", Decide(Rules(null), "/", $"X-T: {sent}\r\n").IsAllowed);
    }

    [Fact]
    public void A_secret_is_never_shown()
    {
        PolicySecrets secrets = new([new PolicySecret("default", "token", "s3cret"u8.ToArray())]);
        var match = new HttpMatch(null, null, Reference)
        {
            Headers = [new HeaderMatch("X-T", null, new SecretName("default", "token"), HeaderActionKind.Replace)],
        };
        var verdict = Decide(new HttpRuleSet([match], null, secrets), "/", "");

        Assert.Equal("missing-header=X-T, added|Replace:s3cret", Show(verdict));
        foreach (var action in verdict.Actions)
            Assert.DoesNotContain("s3cret", action.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", verdict.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/a", true)]
    [InlineData("/a?", true)]
    [InlineData("/a?x=/../%2f", true)]
    [InlineData("/a/", false)]
    [InlineData("/ab?", false)]
    public void A_document_may_ignore_the_query(string target, bool isAllowed)
    {
        Assert.True(HttpPattern.TryCreate("/a", out var path, out _));
        var rules = new HttpRuleSet([new HttpMatch(null, path, Reference) { IgnoresQuery = true }]);

        Assert.Equal(isAllowed, Decide(rules, target, "").IsAllowed);
    }

    [Fact]
    public void Rules_under_audit_are_told_and_not_enforced()
    {
        var enforced = new HttpRuleSet([new HttpMatch(null, null, Reference)], RulesOf("{path: /a}"));

        Assert.Equal(new RequestVerdict(true, Reference), Decide(enforced, "/a", ""));
        Assert.Equal(new RequestVerdict(true, Reference) { Audited = true }, Decide(enforced, "/b", ""));
    }

    [Fact]
    public void Judging_headers_allocates_nothing()
    {
        var rules = RulesOf("{path: '/a/.*', headers: ['X-Role: admin'], headerMatches: [{name: X-Z, value: z, mismatch: REPLACE}, {name: X-Y, mismatch: LOG}]}");
        long allocated = 0;
        for (var i = 0; i < 100; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var verdict = rules.Decide(new RequestFacts("GET"u8, "/a/b"u8, "h"u8) { Headers = "X-Role: admin\r\nX-Y: 1\r\n"u8 });
            var count = 0;
            foreach (var action in verdict.Actions)
                count += action.Note.Length;
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(verdict.IsAllowed && count > 0);
        }

        Assert.Equal(0, allocated);
    }

    private static HttpRuleSet RulesOf(params string[] rules)
    {
        var items = $"[{{toPorts: [{{ports: [{{port: '80', protocol: TCP}}], rules: {{http: [{string.Join(", ", rules)}]}}}}]}}]";
        var document = Assert.Single(Parse(OnDeathStar(items)));
        Assert.Empty(document.Faults);
        return PolicySnapshot.Compile([document]).Ask(TieFighter).Http!;
    }

    private static RequestVerdict Decide(HttpRuleSet rules, string target, string headers) => rules.Decide(
        new RequestFacts("GET"u8, Encoding.Latin1.GetBytes(target), "deathstar"u8) { Headers = Encoding.Latin1.GetBytes(headers) });

    private static string Show(RequestVerdict verdict)
    {
        var shown = new List<string>();
        foreach (var action in verdict.Actions)
            shown.Add($"{action.Note}|{action.Kind}:{(action.Kind is HeaderActionKind.Add or HeaderActionKind.Replace ? Encoding.UTF8.GetString(action.Value.Span) : "")}");
        return string.Join(' ', shown);
    }

    private static List<string> NamesOf(HeaderActions actions)
    {
        var names = new List<string>();
        foreach (var action in actions)
            names.Add(Encoding.ASCII.GetString(action.Name.Span));
        return names;
    }
}
