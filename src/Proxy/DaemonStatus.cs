using System.Text.Json;
using Proxy.Capture;
using Proxy.Cluster;
using Proxy.Policy;
using Proxy.Spiffe;
using Proxy.Spiffe.Federation;
using Proxy.Tls;

namespace Proxy;

/// <summary>What the process holds and does now, for people and tools.</summary>
internal sealed class DaemonStatus(
    MeshState mesh, LocalPods pods, PodNamespaces namespaces, NodeProbes probes, IIdentitySource identities,
    IReadOnlyList<ConnectionSeat> seats, ConnectionBudget budget, ConnectionLimits limits, TlsEngine tls)
{
    /// <summary>What looks for findings between documents; null: nobody does.</summary>
    internal PolicyReview? Review { get; init; }

    /// <summary>True while every enrolled pod of this node is captured.</summary>
    internal bool IsReady { get; set; }

    /// <summary>Where identities come from, as it was asked for.</summary>
    internal required IdentityOptions Source { get; init; }

    internal required TimeProvider Time { get; init; }

    internal void Write(Utf8JsonWriter json)
    {
        var current = mesh.Current;
        json.WriteStartObject();
        json.WriteBoolean("ready", IsReady);
        WriteCluster(json, current);
        WriteIdentity(json, current);
        WriteCapture(json);
        new LimitStatus(seats, budget, limits).Write(json);
        json.WriteNumber("workers", seats.Count);
        json.WriteString("tls", tls.Text());
        json.WriteEndObject();
    }

    private void WriteCluster(Utf8JsonWriter json, MeshSnapshot current)
    {
        json.WriteStartObject("cluster");
        json.WriteNumber("revision", current.Cluster.Revision);
        json.WriteNumber("inForce", seats.Min(seat => seat.RevisionInForce));
        WriteTexts(json, "workloads", current.Cluster.Workloads.Where(workload => workload.External is null).Select(workload => workload.ToString()));
        WriteExternals(json, current);
        json.WriteStartArray("policies");
        foreach (var document in current.Cluster.Documents)
        {
            json.WriteStartObject();
            json.WriteString("kind", document.Kind);
            json.WriteString("namespace", document.Namespace);
            json.WriteString("name", document.Name);
            json.WriteBoolean("refused", document.IsRefused);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteTexts(json, "faults", current.Cluster.Faults.Select(fault => fault.ToString()));
        var review = Review?.Last;
        WriteTexts(json, "warnings", current.Cluster.Warnings.Concat(review?.Warnings.Select(warning => warning.Fault) ?? []).Select(warning => warning.ToString()));
        if (review is not null)
            WriteReview(json, review);
        json.WriteEndObject();
    }

    // Until it has come to the snapshot in force, warnings between its documents may be missing.
    private static void WriteReview(Utf8JsonWriter json, ReviewedPolicies review)
    {
        json.WriteStartObject("review");
        json.WriteNumber("revision", review.Revision);
        json.WriteNumber("milliseconds", (long)review.Took.TotalMilliseconds);
        json.WriteNumber("warnings", review.Warnings.Count);
        json.WriteEndObject();
    }

    /// <summary>Machines outside the cluster; without a bundle of its trust domain nobody believes one.</summary>
    private static void WriteExternals(Utf8JsonWriter json, MeshSnapshot current)
    {
        json.WriteStartArray("externals");
        foreach (var workload in current.Cluster.Workloads)
        {
            if (workload.External is not { } external)
                continue;
            json.WriteStartObject();
            json.WriteString("name", workload.ToString());
            WriteTexts(json, "addresses", workload.Addresses.Select(address => address.ToString()));
            json.WriteString("tls", external.Form switch { WireForm.Tunnels => "node-proxy", WireForm.MutualTls => "spiffe", _ => "none" });
            if (external.Form != WireForm.Plaintext)
            {
                json.WriteString("spiffeId", workload.ExpectedId.ToString());
                json.WriteBoolean("bundle", current.Identities.Bundles.Any(bundle => bundle.TrustDomain == workload.ExpectedId.TrustDomain));
            }

            WriteTexts(json, "ports", external.Ports.Select(port => $"{port.Port}/{port.Protocol.ToString().ToUpperInvariant()}"));
            json.WriteBoolean("disputed", workload.IsDisputed);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteTexts(json, "refusedAddresses", current.Cluster.RefusedAddresses.Order().Select(address => address.ToString()));
    }

    private void WriteIdentity(Utf8JsonWriter json, MeshSnapshot current)
    {
        json.WriteStartObject("identity");
        json.WriteNumber("revision", current.Identities.Revision);
        json.WriteBoolean("connected", identities.IsConnected);
        if (identities.LastError is { } error)
            json.WriteString("error", error);
        var report = IdentityReport.Of(current.Identities, Source, [.. pods.All.Select(pod => pod.Workload)], Time.GetUtcNow());
        (report with { LastHeard = identities.LastHeard, Faults = identities.Faults }).Write(json);
        WriteTexts(json, "bundles", current.Identities.Bundles.Select(bundle => bundle.TrustDomain.ToString()));
        if (identities is FederatedIdentitySource federated)
            new FederationStatus(federated.Federation).Write(json);
        json.WriteEndObject();
    }

    private void WriteCapture(Utf8JsonWriter json)
    {
        json.WriteStartObject("capture");
        json.WriteStartArray("pods");
        foreach (var pod in pods.All)
        {
            json.WriteStartObject();
            json.WriteString("pod", pod.Workload.ToString());
            json.WriteString("uid", pod.Workload.Uid);
            json.WriteString("netns", pod.Scope.Namespace.Name);
            json.WriteNumber("connections", pod.Connections);
            json.WriteNumber("restingTunnels", pod.RestingTunnels);
            WriteTexts(json, "foreign", pod.Foreign);
            WriteExclusions(json, pod.Workload.Exclusions);
            WriteRules(json, pod.Rules);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("probes");
        json.WriteString("sourceIPv4", probes.Options.ProbeSourceIPv4?.ToString());
        json.WriteString("sourceIPv6", probes.Options.ProbeSourceIPv6?.ToString());
        json.WriteString("fault", probes.Fault);
        json.WriteEndObject();
        json.WriteStartObject("faults");
        foreach (var (pod, fault) in namespaces.Faults)
            json.WriteString(pod, fault);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteExclusions(Utf8JsonWriter json, Exclusions excluded)
    {
        json.WriteStartObject("excluded");
        WriteTexts(json, "inboundPorts", excluded.InboundPorts.Select(range => range.ToString()));
        WriteTexts(json, "outboundPorts", excluded.OutboundPorts.Select(range => range.ToString()));
        WriteTexts(json, "outboundCidrs", excluded.OutboundCidrs.Select(range => range.ToString()));
        json.WriteEndObject();
    }

    private static void WriteRules(Utf8JsonWriter json, RuleReport rules)
    {
        json.WriteStartObject("rules");
        WriteTime(json, "lookedAt", rules.LookedAt);
        json.WriteNumber("repairs", rules.Repairs);
        json.WriteString("lastFault", rules.LastFault);
        WriteTime(json, "lastFaultAt", rules.LastFaultAt);
        json.WriteString("fault", rules.Fault);
        json.WriteEndObject();
    }

    private static void WriteTime(Utf8JsonWriter json, string name, DateTimeOffset? time)
    {
        if (time is { } known)
            json.WriteString(name, known);
        else
            json.WriteNull(name);
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }
}
