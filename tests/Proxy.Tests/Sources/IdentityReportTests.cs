using System.Collections;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Proxy.Commands;
using Proxy.Spiffe;
using Proxy.Spiffe.X509;
using Proxy.Tests.Stories;

namespace Proxy.Tests.Sources;

public sealed class IdentityReportTests : IDisposable
{
    private static readonly IdentityOptions Asked = new IdentityOptions.FromDelegates("/run/agent.sock");

    private readonly Material _material = new();
    private readonly StringWriter _output = new();
    private readonly StringWriter _errors = new();

    [Fact]
    public void An_SVID_is_told_with_its_pod_and_how_long_it_lasts()
    {
        var svid = _material.Svid("ns/default/sa/a");
        var identity = Tell(Report(svid, svid.NotBefore.AddMinutes(1)));

        Assert.Equal(0, Print(identity, asJson: false));
        Assert.Contains("source: delegated /run/agent.sock, connected, last heard 20", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains($"default    a    {svid.Id}  {svid.Serial}", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("EC 256", _output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("fault:", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_names_of_the_JSON_are_these_and_no_others()
    {
        var svid = _material.Svid("ns/default/sa/a");
        Assert.Equal(1, Print(Tell(Report(svid, svid.ExpiresAt), fault: "gone"), asJson: true));

        using var json = JsonDocument.Parse(_output.ToString());
        Assert.Equal("connected at source svids missing authorities", NamesOf(json.RootElement));
        Assert.Equal("kind endpoint lastHeard faults", NamesOf(json.RootElement.GetProperty("source")));
        Assert.Equal("uid text since", NamesOf(json.RootElement.GetProperty("source").GetProperty("faults")[0]));
        Assert.Equal("namespace pod uid id serial notBefore expires remainingSeconds keyType", NamesOf(json.RootElement.GetProperty("svids")[0]));
        Assert.Equal("namespace pod uid expectedId", NamesOf(json.RootElement.GetProperty("missing")[0]));
        Assert.Equal("trustDomain fingerprint subject expires remainingSeconds", NamesOf(json.RootElement.GetProperty("authorities")[0]));
    }

    [Fact]
    public void An_expired_SVID_is_a_fault()
    {
        var svid = _material.Svid("ns/default/sa/a");
        Assert.Equal(1, Print(Tell(Report(svid, svid.ExpiresAt)), asJson: false));
        Assert.Contains("EXPIRED", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("fault: No valid SVID for default/a, which is to be spiffe://cluster.local/ns/default/sa/a.", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_lost_source_is_a_fault_that_says_since_when()
    {
        var svid = _material.Svid("ns/default/sa/a");
        Assert.Equal(1, Print(Tell(Report(svid, svid.NotBefore.AddMinutes(1)), isConnected: false, fault: "identity: the bundles from /run/agent.sock: Unavailable"), asJson: false));
        Assert.Contains("NOT CONNECTED", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("fault: Since 2026-11-23 07:00:00Z: identity: the bundles from /run/agent.sock: Unavailable", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_federated_trust_domain_that_cannot_be_asked_is_a_fault()
    {
        const string Status = """
            {"identity": {"connected": true, "source": {"kind": "broker", "endpoint": "unix:///b"}, "federation": [
              {"trustDomain": "friend.test", "profile": "https_web", "url": "https://friend.test/b", "sequence": 7, "lastFetch": "2026-11-23T07:00:00Z"%MORE%}]}}
            """;
        Assert.Equal(0, Print(Status.Replace("%MORE%", "", StringComparison.Ordinal), asJson: false));
        Assert.Contains("friend.test  https_web  https://friend.test/b  7         2026-11-23 07:00:00Z  -", _output.ToString(), StringComparison.Ordinal);
        Assert.Equal(1, Print(Status.Replace("%MORE%", ", \"error\": \"no route\"", StringComparison.Ordinal), asJson: false));
        Assert.Contains("fault: Federation with friend.test: no route", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Another_pods_SVIDs_are_left_out_and_their_faults_too()
    {
        var svid = _material.Svid("ns/default/sa/a");
        var expired = Tell(Report(svid, svid.ExpiresAt));
        Assert.Equal(1, Print(expired, asJson: true, pod: "a"));
        Assert.Equal(1, Print(expired, asJson: true, space: "default"));

        // The authority outlives the SVID.
        Assert.Equal(0, Print(expired, asJson: true, pod: "b"));
        Assert.Equal(0, Print(expired, asJson: true, space: "other"));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("nothing")]
    [InlineData("""{"identity": {"connected": true}}""")]
    public void A_daemon_of_another_kind_is_a_fault(string status)
    {
        Assert.Equal(1, Print(status, asJson: false));
        Assert.Empty(_output.ToString());
    }

    [Fact]
    public void No_daemon_is_exit_code_3() =>
        Assert.Equal(3, IdentityCommand.Create(() => _output, _errors, TimeProvider.System).Parse(["--admin-port", "1"]).Invoke());

    // What is written comes from the report alone, and from nothing in it can a key be reached.
    [Fact]
    public void The_report_cannot_reach_a_private_key()
    {
        var seen = new HashSet<Type>();
        Visit(typeof(IdentityReport), seen);
        Assert.Contains(typeof(HeldSvid), seen);
        Assert.DoesNotContain(seen, type => type.Namespace?.StartsWith("System.Security", StringComparison.Ordinal) == true || type == typeof(X509Svid) || type == typeof(byte[]));
    }

    public void Dispose()
    {
        _material.Dispose();
        _output.Dispose();
        _errors.Dispose();
    }

    private static void Visit(Type type, HashSet<Type> seen)
    {
        if (!seen.Add(type) || type.IsPrimitive || type == typeof(string) || type == typeof(DateTimeOffset))
            return;
        foreach (var argument in type.GetGenericArguments().Append(type.GetElementType() ?? typeof(string)))
            Visit(argument, seen);
        if (type.IsAssignableTo(typeof(IEnumerable)) || Nullable.GetUnderlyingType(type) is not null)
            return;
        foreach (var field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
            Visit(field.FieldType, seen);
    }

    private IdentityReport Report(X509Svid svid, DateTimeOffset now)
    {
        var bundle = TrustBundle.TryParse(_material.Domain, _material.Roots.Span, out var parsed, out var error) ? parsed : throw new FormatException(error);
        var pod = Cast.Pod("a", "10.0.1.10");
        var identities = new IdentitySnapshot(1, [new(pod.Uid, new WorkloadIdentity([svid], []))], [bundle], TimeProvider.System);
        return IdentityReport.Of(identities, Asked, [pod], now) with { LastHeard = now.AddSeconds(-3) };
    }

    private static string Tell(IdentityReport report, bool isConnected = true, string? fault = null)
    {
        var since = new DateTimeOffset(2026, 11, 23, 7, 0, 0, TimeSpan.Zero);
        report = report with { Faults = fault is null ? [] : [new SourceFault("", fault, since)] };
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("identity");
            json.WriteBoolean("connected", isConnected);
            report.Write(json);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private int Print(string status, bool asJson, string space = "", string pod = "") =>
        IdentityCommand.Print(status, asJson, (space, pod), _output, _errors);

    private static string NamesOf(JsonElement element) => string.Join(' ', element.EnumerateObject().Select(member => member.Name));
}
