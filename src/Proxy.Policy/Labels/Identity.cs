using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Proxy.Policy.Labels;

/// <summary>
/// Labels with a number, the same on all nodes. Equality is by number; whoever builds identities refuses two label
/// sets with one number (24 bits do collide), and verdicts never confuse them because they also look at the labels.
/// </summary>
public sealed class Identity : IEquatable<Identity>
{
    private const uint FirstPodNumber = 256;
    private const uint LastPodNumber = (1 << 24) - 1;

    private readonly (UInt128 High, UInt128 Low) _digest;

    /// <summary>Nothing is known about the address; no selector matches it.</summary>
    public static readonly Identity Unknown = Reserved(0, "unknown");

    /// <summary>The node on which the subject runs.</summary>
    public static readonly Identity Host = Reserved(1, "host");

    /// <summary>Outside the cluster.</summary>
    public static readonly Identity World = Reserved(2, "world");

    /// <summary>A pod that the directory does not manage.</summary>
    public static readonly Identity Unmanaged = Reserved(3, "unmanaged");

    /// <summary>Another node of the cluster.</summary>
    public static readonly Identity RemoteNode = Reserved(6, "remote-node");

    /// <summary>An identity with a number that somebody else has assigned.</summary>
    public Identity(uint number, LabelSet labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        Number = number;
        Labels = labels;
        _digest = DigestOf(labels);
        IsReserved = labels.Contains(LabelSet.ReservedSource);
        IsWorld = labels.TryGet(LabelSet.ReservedSource, "world", out _);
    }

    /// <summary>Below 256: reserved; 256 to 2^24 - 1: pods.</summary>
    public uint Number { get; }

    /// <summary>The identity-relevant labels.</summary>
    public LabelSet Labels { get; }

    /// <summary>
    /// The identity of a pod: its labels without those that differ from replica to replica, its namespace, service
    /// account, cluster and namespace labels, with the one that the API server gives to every namespace. Labels of the pod
    /// that claim one of the computed keys are dropped.
    /// </summary>
    public static Identity ForPod(
        string @namespace,
        string serviceAccount,
        IEnumerable<KeyValuePair<string, string>> podLabels,
        IEnumerable<KeyValuePair<string, string>> namespaceLabels)
    {
        var labels = LabelsOf(@namespace, podLabels, namespaceLabels);
        labels.Add((LabelSet.KubernetesSource, WellKnownLabels.ServiceAccount, serviceAccount));
        return Numbered(labels);
    }

    /// <summary>
    /// The identity of a machine outside the cluster that is declared in a namespace: as that of a pod, without a service
    /// account. So it is never that of a pod, whatever its labels.
    /// </summary>
    public static Identity ForExternal(
        string @namespace,
        IEnumerable<KeyValuePair<string, string>> labels,
        IEnumerable<KeyValuePair<string, string>> namespaceLabels) => Numbered(LabelsOf(@namespace, labels, namespaceLabels));

    /// <inheritdoc/>
    public bool Equals(Identity? other) => other is not null && Number == other.Number;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Identity);

    /// <inheritdoc/>
    public override int GetHashCode() => (int)Number;

    /// <summary>Number and labels, for logs.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Number} ({Labels})");

    /// <summary>Not a workload: it cannot prove who it is.</summary>
    internal bool IsReserved { get; }

    /// <summary>Outside the cluster: rules about addresses look at nobody else.</summary>
    internal bool IsWorld { get; }

    /// <summary>Equal by number and labels: every decision compares them, so their digests stand for them.</summary>
    internal bool IsSameAs(Identity other) => ReferenceEquals(this, other) || (Number == other.Number && _digest == other._digest);

    private static List<(string Source, string Key, string Value)> LabelsOf(
        string @namespace, IEnumerable<KeyValuePair<string, string>> own, IEnumerable<KeyValuePair<string, string>> namespaceLabels)
    {
        ArgumentNullException.ThrowIfNull(own);
        ArgumentNullException.ThrowIfNull(namespaceLabels);
        var labels = new List<(string Source, string Key, string Value)>();
        foreach (var (key, value) in own)
        {
            if (WellKnownLabels.IsRelevant(key))
                labels.Add((LabelSet.KubernetesSource, key, value));
        }

        foreach (var (key, value) in namespaceLabels)
            labels.Add((LabelSet.KubernetesSource, WellKnownLabels.NamespaceLabelPrefix + key, value));
        labels.Add((LabelSet.KubernetesSource, WellKnownLabels.NamespaceLabelPrefix + WellKnownLabels.NamespaceName, @namespace));
        labels.Add((LabelSet.KubernetesSource, WellKnownLabels.Namespace, @namespace));
        labels.Add((LabelSet.KubernetesSource, WellKnownLabels.Cluster, WellKnownLabels.OwnCluster));
        return labels;
    }

    private static Identity Numbered(List<(string Source, string Key, string Value)> labels)
    {
        var set = LabelSet.Of([.. labels]);
        return new Identity(NumberOf(set), set);
    }

    private static Identity Reserved(uint number, string name) =>
        new(number, LabelSet.Of((LabelSet.ReservedSource, name, "")));

    // Lengths keep apart what separators would not.
    private static (UInt128 High, UInt128 Low) DigestOf(LabelSet labels)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[sizeof(int)];
        foreach (var label in labels.Labels)
        {
            foreach (var text in (ReadOnlySpan<string>)[label.Source, label.Key, label.Value])
            {
                BinaryPrimitives.WriteInt32BigEndian(length, text.Length);
                hash.AppendData(length);
                hash.AppendData(MemoryMarshal.AsBytes(text.AsSpan()));
            }
        }

        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(digest);
        return (BinaryPrimitives.ReadUInt128BigEndian(digest), BinaryPrimitives.ReadUInt128BigEndian(digest[16..]));
    }

    private static uint NumberOf(LabelSet labels)
    {
        var text = string.Join('\0', labels.Texts);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), digest);
        return FirstPodNumber + (uint)(BinaryPrimitives.ReadUInt64BigEndian(digest) % (LastPodNumber - FirstPodNumber + 1));
    }
}
