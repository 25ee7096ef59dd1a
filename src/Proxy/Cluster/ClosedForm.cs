using System.Collections.Frozen;
using System.Text;
using Proxy.Policy;
using Proxy.Policy.Documents;

namespace Proxy.Cluster;

/// <summary>What stands in for an object that must not be used and was never good before.</summary>
internal static class ClosedForm
{
    /// <summary>Null where nothing needs to stand in.</summary>
    public static object? Of(ManifestObject written) => written.Value switch
    {
        PolicyDocument { IsRefused: true } policy => policy,
        PolicyDocument policy => OfPolicy(
            written.Document.File, written.Document.Root.Line, policy.Namespace, policy.Name),
        // It may have been written to be an enrolled one.
        NamespaceDocument @namespace => @namespace with { Mode = EnrolmentMode.Enabled, IsAudit = false },
        PodDocument pod => pod with { IsClosed = true },
        // Its addresses must not count as outside the cluster, where plaintext goes as it is.
        ExternalDocument external => external with { IsClosed = true },
        ServiceDocument service => service with { Ports = [] },
        // Rules that allow it allow nothing, and rules that deny it close.
        CidrGroup { IsRefused: true } group => group,
        CidrGroup group => group with { Cidrs = [], Faults = [written.Place.Fault("defined differently in two places")] },
        PolicySecret secret => secret with { Value = null },
        _ => null,
    };

    /// <summary>What a refused version would add to the last good one and must not be open meanwhile; null for nothing.</summary>
    public static object? Beyond(object lastGood, ManifestObject written)
    {
        if (lastGood is not ExternalDocument last || written.Value is not ExternalDocument next)
            return null;
        Address[] added = [.. next.Addresses.Except(last.Addresses)];
        return added.Length == 0 ? null : ExternalDocument.Closed(written.Place, added);
    }

    /// <summary>A namespace of which nothing but the name can be read.</summary>
    public static NamespaceDocument OfNamespace(string name) =>
        new(name, FrozenDictionary<string, string>.Empty, EnrolmentMode.Enabled) { HasUnknownLabels = true };

    /// <summary>
    /// A policy with an unreadable selector: it closes the whole namespace, or without one, as documents of the cluster are,
    /// every namespace.
    /// </summary>
    public static PolicyDocument OfPolicy(string file, int line, string @namespace, string name)
    {
        var text = new StringBuilder().Append('\n', line - 1).Append("apiVersion: cilium.io/v2\n");
        if (@namespace.Length == 0)
            text.Append("kind: CiliumClusterwideNetworkPolicy\nmetadata:\n");
        else
            text.Append("kind: CiliumNetworkPolicy\nmetadata:\n  namespace: ").Append(ObjectName.IsValid(@namespace) ? @namespace : "default").Append('\n');
        text.Append("  name: ").Append(ObjectName.IsValid(name) ? name : "unreadable").Append("\nspec: unreadable\n");
        var read = ManifestReader.Read(file, Encoding.UTF8.GetBytes(text.ToString()));
        return PolicyParser.Parse(read.Documents[0]);
    }
}
