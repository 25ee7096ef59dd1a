using System.Security.Cryptography;
using Proxy.Policy.Documents;

namespace Proxy.Cluster;

/// <summary>What is in force of one file. Immutable.</summary>
internal sealed record ManifestFileState
{
    public static readonly ManifestFileState Unread = new();

    // Kubernetes' own of other levels, Calico's, Antrea's and Istio's.
    private static readonly string[] ForeignPolicies = ["NetworkPolicy", "NetworkPolicies", "AuthorizationPolicy"];

    /// <summary>Null when the file must be read again at the next look.</summary>
    public FileStamp? Stamp { get; init; }

    /// <summary>SHA-256 of the bytes last read, in hexadecimal.</summary>
    public string Digest { get; init; } = "";

    public IReadOnlyList<ManifestObject> Objects { get; init; } = [];

    /// <summary>Closed forms of documents that cannot be read and never could.</summary>
    public IReadOnlyList<object> Closed { get; init; } = [];

    /// <summary>Faults of the file as a whole; those of its documents are with the objects.</summary>
    public IReadOnlyList<ManifestFault> Faults { get; init; } = [];

    /// <summary>Kinds that were ignored, for the log.</summary>
    public IReadOnlyList<string> UnknownKinds { get; init; } = [];

    /// <summary>Those of them that are somebody's policies, each with its place: nobody enforces them here.</summary>
    public IReadOnlyList<ManifestFault> Warnings { get; init; } = [];

    /// <summary>The state after the file was read with this content.</summary>
    public ManifestFileState Read(string file, byte[] content)
    {
        var digest = Convert.ToHexString(SHA256.HashData(content));
        if (digest == Digest)
            return this;

        var read = ManifestReader.ReadEach(file, content);
        if (read.Faults.Count > 0)
            return AfterBroken(file, content, read.Faults) with { Digest = digest };

        return read.Documents.Count == 0 && Objects.Count > 0
            ? this with { Digest = digest, Faults = [EmptyFault(file)] }
            : Of(read.Documents) with { Digest = digest };
    }

    /// <summary>The state after the file could not be read: everything stays, and is tried again.</summary>
    public ManifestFileState Unreadable(string file, string reason) =>
        this with { Stamp = null, Digest = "", Faults = [new ManifestFault(file, 1, 1, "", "", reason, "")] };

    private static ManifestFileState Of(IReadOnlyList<ManifestDocument> documents)
    {
        var objects = new List<ManifestObject>();
        var faults = new List<ManifestFault>();
        var unknown = new List<string>();
        var warnings = new List<ManifestFault>();
        foreach (var document in documents)
        {
            if (ObjectReader.Read(document) is { } known)
                objects.Add(known);
            else if (document.Kind.Length > 0 && document.ApiVersion.Length > 0)
            {
                unknown.Add(OneLine.Of($"{document.ApiVersion} {document.Kind}"));
                if (ForeignPolicies.Any(ending => document.Kind.EndsWith(ending, StringComparison.OrdinalIgnoreCase)))
                    warnings.Add(ManifestPlace.Of(document).Fault("a policy of a kind that is not enforced here", "write what it must refuse as CiliumClusterwideNetworkPolicy"));
            }
            else
                faults.Add(ManifestPlace.Of(document).Fault("the document has no apiVersion or no kind; it is ignored"));
        }

        return new ManifestFileState { Objects = objects, Faults = faults, UnknownKinds = unknown, Warnings = warnings };
    }

    // A writer that truncates before it writes must not open what the file closed.
    private static ManifestFault EmptyFault(string file) =>
        new(file, 1, 1, "", "", "the file is empty; its last good version stays in force",
            "delete the file to remove its objects");

    private ManifestFileState AfterBroken(string file, byte[] content, IReadOnlyList<ManifestFault> faults)
    {
        if (Objects.Count > 0)
            return this with { Faults = faults };

        var closed = BrokenFile.Close(file, content);
        var words = BrokenFile.Describe(closed);
        return Unread with { Faults = [faults[0] with { Reason = faults[0].Reason + words }, .. faults.Skip(1)], Closed = closed };
    }
}
