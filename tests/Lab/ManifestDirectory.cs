using System.Text.Json;
using System.Text.RegularExpressions;

namespace Lab;

/// <summary>The manifests that the node-proxies watch: one file per document, replaced as a whole.</summary>
public sealed partial class ManifestDirectory(string path)
{
    private int changes;

    public string FullPath => path;

    /// <summary>How often a file got another content, appeared or vanished.</summary>
    public int Changes => Volatile.Read(ref changes);

    public void WriteNamespace(string name, bool enrolled) => WriteNamespace(name, enrolled, [], isAudit: false);

    public void WriteNamespace(string name, bool enrolled, IEnumerable<KeyValuePair<string, string>> labels, bool isAudit) => Write("Namespace", "", name, $"""
        apiVersion: v1
        kind: Namespace
        metadata:
          name: {name}
          labels:
            kubernetes.io/metadata.name: {name}{string.Concat(labels.Select(label => $"\n    {label.Key}: \"{label.Value}\""))}
          annotations:
            node-proxy.dev/mode: {ModeOf(enrolled)}{(isAudit ? "\n    node-proxy.dev/audit: \"true\"" : "")}
        """);

    public void WritePod(LabPod pod) => Write("Pod", pod.Options.Namespace, pod.Name, $"""
        apiVersion: v1
        kind: Pod
        metadata:
          name: {pod.Name}
          namespace: {pod.Options.Namespace}
          uid: {pod.Uid}
          labels: {JsonSerializer.Serialize(pod.Labels)}
          annotations:
            node-proxy.dev/mode: {ModeOf(pod.Options.IsEnrolled)}
            node-proxy.dev/netns: {pod.NetworkNamespace}{string.Concat(pod.Annotations.Select(a => $"\n    {a.Key}: \"{a.Value}\""))}
        spec:
          nodeName: {pod.Node.Name}
          serviceAccountName: {pod.ServiceAccount}{ContainersOf(pod)}
        status:
          phase: Running
          podIP: {pod.IPv4}
          podIPs:
            - ip: {pod.IPv4}
            - ip: "{pod.IPv6}"{string.Concat(pod.Options.MoreAddresses.Select(address => $"\n    - ip: \"{address}\""))}
        """);

    public void WriteService(LabService service) => Write("Service", service.Namespace, service.Name, $"""
        apiVersion: v1
        kind: Service
        metadata:
          name: {service.Name}
          namespace: {service.Namespace}
        spec:
          clusterIP: {service.IPv4}
          clusterIPs: ["{service.IPv4}", "{service.IPv6}"]
          ports:
            - name: main
              protocol: TCP
              port: {service.Port}
              targetPort: {service.Port}
        """);

    public void WriteEndpoints(LabService service, IReadOnlyList<LabPod> pods)
    {
        WriteSlice(service, "IPv4", pods.Select(pod => (pod, pod.IPv4)));
        WriteSlice(service, "IPv6", pods.Select(pod => (pod, pod.IPv6)));
    }

    /// <summary>Writes each document of a text to the file of its kind and name.</summary>
    public void Apply(string text)
    {
        foreach (var document in DocumentEnd().Split(text).Where(d => !string.IsNullOrWhiteSpace(d)))
        {
            var @namespace = Namespace().Match(document) is { Success: true } found ? found.Groups[1].Value : "default";
            Write(Kind().Match(document).Groups[1].Value, @namespace, Name().Match(document).Groups[1].Value, document);
        }
    }

    /// <summary>Any documents, in a file of their own that is replaced as a whole.</summary>
    public void WriteFile(string name, string text) => Write(Path.Combine(path, $"{name}.yaml"), text);

    public void Delete(string kind, string @namespace, string name)
    {
        var file = PathOf(kind, @namespace, name);
        if (File.Exists(file))
        {
            File.Delete(file);
            Interlocked.Increment(ref changes);
        }
    }

    private void WriteSlice(LabService service, string family, IEnumerable<(LabPod Pod, string Address)> endpoints) =>
        Write("EndpointSlice", service.Namespace, $"{service.Name}-{family.ToLowerInvariant()}", $"""
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata:
              name: {service.Name}-{family.ToLowerInvariant()}
              namespace: {service.Namespace}
              labels:
                kubernetes.io/service-name: {service.Name}
            addressType: {family}
            ports:
              - name: main
                protocol: TCP
                port: {service.Port}
            endpoints: {JsonSerializer.Serialize(endpoints.Select(e => EndpointOf(e.Pod, e.Address)))}
            """);

    private static object EndpointOf(LabPod pod, string address) => new
    {
        addresses = (string[])[address],
        conditions = new { ready = true },
        nodeName = pod.Node.Name,
        targetRef = new { kind = "Pod", name = pod.Name, @namespace = pod.Options.Namespace },
    };

    private static string ContainersOf(LabPod pod) => pod.Options.Ports.Count == 0
        ? ""
        : "\n  containers: [{name: main, ports: " + JsonSerializer.Serialize(pod.Options.Ports.Select(port => new { name = port.Name, protocol = port.Protocol, containerPort = port.Number })) + "}]";

    private void Write(string kind, string @namespace, string name, string content) => Write(PathOf(kind, @namespace, name), content);

    private void Write(string file, string content)
    {
        var text = content.TrimEnd() + "\n";
        if (!File.Exists(file) || File.ReadAllText(file) != text)
        {
            LabDirectory.Replace(file, text);
            Interlocked.Increment(ref changes);
        }
    }

    private string PathOf(string kind, string @namespace, string name) =>
        Path.Combine(path, $"{kind.ToLowerInvariant()}-{@namespace}-{name}.yaml");

    private static string ModeOf(bool enrolled) => enrolled ? "enabled" : "disabled";

    [GeneratedRegex(@"^---.*$", RegexOptions.Multiline)]
    private static partial Regex DocumentEnd();

    [GeneratedRegex(@"^kind:\s*(\S+)", RegexOptions.Multiline)]
    private static partial Regex Kind();

    [GeneratedRegex(@"^  name:\s*(\S+)", RegexOptions.Multiline)]
    private static partial Regex Name();

    [GeneratedRegex(@"^  namespace:\s*(\S+)", RegexOptions.Multiline)]
    private static partial Regex Namespace();
}
