using System.Text;
using System.Text.Json;
using Proxy.Commands;
using Proxy.Policy.Documents;
using Proxy.Tests.Cluster;

namespace Proxy.Tests.Stories;

public sealed class PolicyCheckTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("policy-check");
    private readonly StringWriter _output = new();
    private readonly StringWriter _errors = new();

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void Good_documents_pass_and_are_counted()
    {
        Put("a.yaml", Manifests.Policy("one"));
        Put("deep/b.yml", Manifests.Policy("two"));

        Assert.Equal(0, Check(_directory.FullName));
        Assert.Equal("2 documents, 0 faults, 0 warnings\n", _output.ToString());
    }

    [Fact]
    public void A_fault_is_told_with_file_line_column_path_reason_and_hint()
    {
        var file = Put("a.yaml", Manifests.Policy("one").Replace("ingress:", "ingres:", StringComparison.Ordinal));

        Assert.Equal(1, Check(file));
        Assert.Contains($"fault: {file}:6:3: CiliumNetworkPolicy default/one: spec.ingres: unknown key 'ingres' (did you mean 'ingress'?)\n", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Machines_outside_the_cluster_are_checked_as_strictly()
    {
        var file = Put("a.yaml", "apiVersion: node-proxy.dev/v1alpha1\nkind: ExternalWorkload\nmetadata: {name: db}\nspec:\n  addresses: [192.0.2.1]\n  spiffeID: spiffe://a/b\n  tls: none\n");

        Assert.Equal(1, Check(file));
        Assert.Contains($"fault: {file}:6:3: ExternalWorkload db: spec.spiffeID: unknown key 'spiffeID' (did you mean 'spiffeId'?)\n", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_refused_document_takes_no_other_one_with_it()
    {
        Put("a.yaml", Manifests.BrokenPolicy("bad"), Manifests.Policy("good"));

        Assert.Equal(1, Check(_directory.FullName));
        Assert.DoesNotContain("default/good", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void One_name_for_two_documents_is_a_warning_and_a_fault_only_when_asked()
    {
        Put("a.yaml", Manifests.Policy("one"));
        Put("b.yaml", Manifests.Policy("one", app: "other"));

        Assert.Equal(0, Check(_directory.FullName));
        Assert.Contains("warning: ", _output.ToString(), StringComparison.Ordinal);
        Assert.Equal(1, Check(_directory.FullName, "--strict"));
    }

    [Fact]
    public void Standard_input_is_read_as_yaml_or_json()
    {
        const string text = """{"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": {"name": "x"}, "spec": {"endpointSelector": {}, "ingress": [{}]}}""";

        Assert.Equal(0, CheckInput(text, "-"));
        Assert.Contains("1 documents, 0 faults", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Json_says_what_text_says()
    {
        var file = Put("a.yaml", Manifests.BrokenPolicy("bad"));

        Assert.Equal(1, Check(file, "-o", "json"));
        using var json = JsonDocument.Parse(_output.ToString());
        var fault = json.RootElement.GetProperty("faults")[0];
        Assert.Equal(file, fault.GetProperty("file").GetString());
        Assert.Equal("CiliumNetworkPolicy default/bad", fault.GetProperty("document").GetString());
        Assert.True(fault.GetProperty("line").GetInt32() > 1);
    }

    [Fact]
    public void A_range_that_covers_pods_is_told_where_the_pods_are_known()
    {
        Put("a.yaml", Manifests.Policy("one").Replace("fromEndpoints: [{matchLabels: {app: client} }]", "fromCIDR: [10.0.0.0/8]", StringComparison.Ordinal));

        Assert.Equal(0, Check(_directory.FullName, "--strict"));
        Assert.Equal(1, Check(_directory.FullName, "--strict", "--pod-cidr", "10.1.0.0/16"));
        Assert.Contains("its ranges cover addresses of pods", _output.ToString(), StringComparison.Ordinal);
        Assert.Equal(2, Check(_directory.FullName, "--pod-cidr", "10.1.0.0"));
    }

    [Fact]
    public void Kinds_that_are_not_read_are_told()
    {
        Put("a.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n");

        Assert.Equal(0, Check(_directory.FullName));
        Assert.Contains("ignored: kind apps/v1 Deployment\n", _output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy")]
    [InlineData("projectcalico.org/v3", "NetworkPolicy")]
    [InlineData("security.istio.io/v1", "AuthorizationPolicy")]
    public void Policies_of_others_are_ignored_with_a_warning(string apiVersion, string kind)
    {
        var file = Put("a.yaml", $"apiVersion: {apiVersion}\nkind: {kind}\nmetadata: {{name: x}}\n");

        Assert.Equal((0, 1), (Check(file), Check(file, "--strict")));
        Assert.Contains($"warning: {file}:1:1: {kind} x: a policy of a kind that is not enforced here", _output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    public void A_file_may_be_as_large_as_the_reader_takes_and_no_larger(int beyond, int exitCode)
    {
        var policy = Manifests.Policy("one") + "\n#";
        var file = Put("a.yaml", policy + new string('x', ManifestReader.MaxBytes - Encoding.UTF8.GetByteCount(policy) + beyond));

        Assert.Equal(exitCode, Check(file));
    }

    [Fact]
    public void A_path_that_does_not_exist_is_a_fault_of_the_command_line()
    {
        Assert.Equal(2, Check(Path.Combine(_directory.FullName, "nothing.yaml")));
        Assert.Contains("nothing.yaml", _errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_without_manifests_is_a_fault_of_the_command_line()
    {
        Put("deep/notes.txt", "apiVersion: v1");

        Assert.Equal(2, Check(_directory.FullName));
        Assert.Contains($"'{_directory.FullName}' holds no manifest", _errors.ToString(), StringComparison.Ordinal);
        Assert.Empty(_output.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("# nothing\n---\n---\n")]
    public void Input_without_any_document_is_a_fault_of_the_command_line(string text)
    {
        var file = Put("empty.yaml", text);

        Assert.Equal((2, 2), (CheckInput(text, "-"), Check(file)));
        Assert.Contains("no document", _errors.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, Check(file, Put("a.yaml", Manifests.Policy("one"))));
    }

    [Fact]
    public void SPIFFE_IDs_are_made_as_the_daemon_makes_them()
    {
        var policy = Manifests.Policy("one").Replace("fromEndpoints: [{matchLabels: {app: client} }]", "fromEndpoints: [{matchLabels: {app: client} }]\n      authentication: {mode: required}", StringComparison.Ordinal);
        Put("a.yaml", policy, Manifests.Pod("client", "10.0.0.1", "{app: client}"), Manifests.Pod("other", "10.0.0.2", "{app: other}"));

        Assert.Equal(1, Check(_directory.FullName, "--strict"));
        Assert.Contains("share their SPIFFE ID", _output.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, Check(_directory.FullName, "--strict", "--spiffe-id-template", "spiffe://{trustDomain}/identity/{identity}"));
    }

    private string Put(string name, params string[] documents)
    {
        var path = Path.Combine(_directory.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, string.Join("\n---\n", documents));
        return path;
    }

    private int Check(params string[] arguments) => CheckInput("", arguments);

    private int CheckInput(string input, params string[] arguments)
    {
        var command = PolicyCommand.Create(() => new MemoryStream(Encoding.UTF8.GetBytes(input)), () => _output, _errors);
        return command.Parse(["check", .. arguments]).Invoke();
    }
}
