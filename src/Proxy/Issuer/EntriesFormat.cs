using Proxy.Policy.Documents;
using Proxy.Spiffe;
using Proxy.Spiffe.Issuing;

namespace Proxy.Issuer;

/// <summary>The entries file: <c>entries:</c>, each with <c>spiffeId</c> and <c>selectors</c>. Unknown keys are refused.</summary>
internal sealed class EntriesFormat(TrustDomain trustDomain)
{
    public RegisteredContent Read(ManifestFile file)
    {
        if (file.Documents.Count == 0)
            throw new RegistrationRefused("the file has no document; an empty list is written 'entries: []'");
        return new RegisteredContent([.. file.Documents.SelectMany(document => ReadDocument(document.Root))], []);
    }

    private IEnumerable<RegistrationEntry> ReadDocument(ManifestMapping root)
    {
        RefuseOtherKeys(root, "entries");
        return Items(root, "entries").Select(ReadEntry);
    }

    private RegistrationEntry ReadEntry(ManifestNode node)
    {
        if (node is not ManifestMapping entry)
            throw new RegistrationRefused(node, "an entry has the keys spiffeId and selectors");
        RefuseOtherKeys(entry, "spiffeId", "selectors");
        var selectors = Items(entry, "selectors").Select(ReadSelector).ToArray();
        if (selectors.Length == 0)
            throw new RegistrationRefused(entry, "an entry without selectors would match every workload");
        return new RegistrationEntry(ReadId(entry), selectors);
    }

    private SpiffeId ReadId(ManifestMapping entry)
    {
        var node = entry["spiffeId"] ?? throw new RegistrationRefused(entry, "spiffeId is missing");
        if (!SpiffeId.TryParse((node as ManifestScalar)?.Value, out var id, out var error))
            throw new RegistrationRefused(node, $"this is not a SPIFFE ID ({error})");
        if (id.Path.Length == 0)
            throw new RegistrationRefused(node, "a workload's SPIFFE ID has a path");
        return id.TrustDomain == trustDomain
            ? id
            : throw new RegistrationRefused(node, $"the issuer signs for the trust domain {trustDomain} only");
    }

    private static Selector ReadSelector(ManifestNode node) =>
        Selector.TryParse((node as ManifestScalar)?.Value, out var selector)
            ? selector
            : throw new RegistrationRefused(node, "a selector is written type:value, for example \"k8s:ns:default\"");

    private static IReadOnlyList<ManifestNode> Items(ManifestMapping mapping, string key) => mapping[key] switch
    {
        ManifestSequence sequence => sequence.Items,
        null => throw new RegistrationRefused(mapping, $"{key} is missing"),
        var other => throw new RegistrationRefused(other, $"{key} must be a list"),
    };

    private static void RefuseOtherKeys(ManifestMapping mapping, params ReadOnlySpan<string> known)
    {
        foreach (var (key, _) in mapping.Entries)
        {
            if (!known.Contains(key.Value))
                throw new RegistrationRefused(key, $"the key is not known here; known: {string.Join(", ", known!)}");
        }
    }
}
