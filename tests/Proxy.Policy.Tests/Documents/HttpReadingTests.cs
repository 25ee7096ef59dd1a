using Proxy.Policy.Documents;
using static Proxy.Policy.Tests.Empire;

namespace Proxy.Policy.Tests.Documents;

public sealed class HttpReadingTests
{
    private const string Rule = "spec.ingress[0].toPorts[0].rules.http[0]";

    [Theory]
    [InlineData("{method: '('}", ".method", "a closing parenthesis is missing at character 2 of the pattern", "")]
    [InlineData("{path: 'a**'}", ".path", "a repetition of a repetition stands at character 4 of the pattern", "RE2 has no possessive ones; put the inner one in a group")]
    [InlineData("{host: '['}", ".host", "the closing bracket of a class is missing at character 2 of the pattern", "")]
    [InlineData("{host: '(?!a)'}", ".host", "a kind of group that RE2 does not have stands at character 1 of the pattern", "look-around, conditions and comments need another engine")]
    [InlineData("{path: '(a{100}){100}'}", ".path", "the pattern becomes too large when its repetitions are written out", "write several rules, or fewer counts in counts")]
    [InlineData("{path: [a]}", ".path", "expected a string", "")]
    [InlineData("{host: 5}", ".host", "expected a string", "put the value in quotes")]
    [InlineData("{host: }", ".host", "the value is missing", "give it a value, or remove the key")]
    [InlineData("{headers: }", ".headers", "the value is missing", "give it a value, or remove the key")]
    [InlineData("{headers: X-A}", ".headers", "expected a list", "")]
    [InlineData("{headers: [{name: X-A}]}", ".headers[0]", "expected a string", "")]
    [InlineData("{headers: ['']}", ".headers[0]", "not the name of a header", "")]
    [InlineData("{headers: [': v']}", ".headers[0]", "not the name of a header", "")]
    [InlineData("{headers: [' X-A']}", ".headers[0]", "not the name of a header", "")]
    [InlineData("{headers: ['X-A:v']}", ".headers[0]", "not the name of a header", "write 'Name: value', with a blank")]
    [InlineData("{headers: [':path: /x']}", ".headers[0]", "not the name of a header", "use method, path or host")]
    [InlineData("{headers: ['X(A)']}", ".headers[0]", "not the name of a header", "")]
    [InlineData("{headers: ['X-A:  v']}", ".headers[0]", "no header has such a value: it has control characters, or a blank at an end", "")]
    [InlineData("{headers: [\"X-A: v\\r\\nX-B: w\"]}", ".headers[0]", "no header has such a value: it has control characters, or a blank at an end", "")]
    [InlineData("{headerMatches: [X-A]}", ".headerMatches[0]", "expected a mapping of keys to values", "")]
    [InlineData("{headerMatches: [{}]}", ".headerMatches[0]", "the name of the header is missing", "")]
    [InlineData("{headerMatches: [{value: a}]}", ".headerMatches[0]", "the name of the header is missing", "")]
    [InlineData("{headerMatches: [{name: }]}", ".headerMatches[0].name", "the value is missing", "give it a value, or remove the key")]
    [InlineData("{headerMatches: [{name: ''}]}", ".headerMatches[0].name", "not the name of a header", "")]
    [InlineData("{headerMatches: [{name: ':authority'}]}", ".headerMatches[0].name", "not the name of a header", "use method, path or host")]
    [InlineData("{headerMatches: [{name: X-A, mismatch: add}]}", ".headerMatches[0].mismatch", "unknown value 'add'", "did you mean 'ADD'?")]
    [InlineData("{headerMatches: [{name: X-A, mismatch: DROP}]}", ".headerMatches[0].mismatch", "unknown value 'DROP'", "one of LOG, ADD, DELETE, REPLACE")]
    [InlineData("{headerMatches: [{name: X-A, mismatch: }]}", ".headerMatches[0].mismatch", "the value is missing", "give it a value, or remove the key")]
    [InlineData("{headerMatches: [{name: X-A, values: a}]}", ".headerMatches[0].values", "unknown key 'values'", "did you mean 'value'?")]
    [InlineData("{headerMatches: [{name: X-A, secret: {}}]}", ".headerMatches[0].secret", "the name of the secret is missing", "")]
    [InlineData("{headerMatches: [{name: X-A, secret: {namespace: a}}]}", ".headerMatches[0].secret", "the name of the secret is missing", "")]
    [InlineData("{headerMatches: [{name: X-A, secret: {name: ''}}]}", ".headerMatches[0].secret", "the name of the secret is missing", "")]
    [InlineData("{headerMatches: [{name: X-A, secret: {name: }}]}", ".headerMatches[0].secret.name", "the value is missing", "give it a value, or remove the key")]
    [InlineData("{headerMatches: [{name: X-A, secret: {name: b, key: c}}]}", ".headerMatches[0].secret.key", "unknown key 'key'", "")]
    [InlineData("{headerMatches: [{name: X-A, secret: b}]}", ".headerMatches[0].secret", "expected a mapping of keys to values", "")]
    [InlineData("{headerMatches: [{name: X-A, value: \"a\\nb\", mismatch: ADD}]}", ".headerMatches[0].value", "no header has such a value: it has control characters, or a blank at an end", "")]
    [InlineData("{headerMatches: [{name: X-A, value: \"a\\0\"}]}", ".headerMatches[0].value", "no header has such a value: it has control characters, or a blank at an end", "")]
    [InlineData("{headerMatches: [{name: Host, value: a, mismatch: REPLACE}]}", ".headerMatches[0].name", "the header 'Host' frames or routes the request, so that it cannot be changed", "match it, or use LOG")]
    [InlineData("{headerMatches: [{name: content-LENGTH, value: '0', mismatch: ADD}]}", ".headerMatches[0].name", "the header 'content-LENGTH' frames or routes the request, so that it cannot be changed", "match it, or use LOG")]
    [InlineData("{headerMatches: [{name: Transfer_Encoding, value: chunked, mismatch: ADD}]}", ".headerMatches[0].name", "the header 'Transfer_Encoding' frames or routes the request, so that it cannot be changed", "match it, or use LOG")]
    [InlineData("{headerMatches: [{name: Connection, value: close, mismatch: DELETE}]}", ".headerMatches[0].name", "the header 'Connection' frames or routes the request, so that it cannot be changed", "match it, or use LOG")]
    public void A_rule_with_a_fault_is_refused(string rule, string path, string reason, string hint)
    {
        var document = Parse1(rule);

        var fault = Assert.Single(document.Faults, fault => fault.Path == Rule + path);
        Assert.Equal((reason, hint), (fault.Reason, fault.Hint));
        Assert.NotEqual("pass", PolicySnapshot.Compile([document]).Ask(TieFighter).Request("GET", "/"));
    }

    [Theory]
    [InlineData("{headerMatches: [{name: Host, value: a}]}")]
    [InlineData("{headerMatches: [{name: Host, value: a, mismatch: LOG}]}")]
    [InlineData("{headers: [], headerMatches: []}")]
    [InlineData("{headers: ['X-A::: b']}")]
    [InlineData("{headerMatches: [{name: X-A, secret: {name: b, namespace: c}, value: d, mismatch: REPLACE}]}")]
    public void What_Cilium_takes_is_taken(string rule) => Assert.Empty(Parse1(rule).Faults);

    [Theory]
    [InlineData(HeaderReading.MaxValue - 1, true)]
    [InlineData(HeaderReading.MaxValue, true)]
    [InlineData(HeaderReading.MaxValue + 1, false)]
    public void A_value_is_bounded(int length, bool isAccepted)
    {
        Assert.Equal(isAccepted, Parse1($"{{headers: ['X-A: {new string('a', length)}']}}").Faults.Count == 0);
        Assert.Equal(isAccepted, Parse1($"{{headerMatches: [{{name: X-A, value: {new string('a', length)}}}]}}").Faults.Count == 0);
    }

    [Theory]
    [InlineData(HeaderReading.MaxHeaders - 1, true)]
    [InlineData(HeaderReading.MaxHeaders, true)]
    [InlineData(HeaderReading.MaxHeaders + 1, false)]
    public void The_headers_of_a_rule_are_bounded(int count, bool isAccepted)
    {
        var names = string.Join(", ", Enumerable.Range(1, count - 1).Select(i => $"X-{i}"));

        Assert.Equal(isAccepted, Parse1($"{{headers: [{names}], headerMatches: [{{name: X-A}}]}}").Faults.Count == 0);
    }

    private static PolicyDocument Parse1(string rule) =>
        Assert.Single(Parse(OnDeathStar($"[{{toPorts: [{{ports: [{{port: '80', protocol: TCP}}], rules: {{http: [{rule}]}}}}]}}]")));
}
