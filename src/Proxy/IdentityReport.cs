using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Proxy.Cluster;
using Proxy.Spiffe;
using Proxy.Spiffe.X509;

namespace Proxy;

/// <summary>
/// What is held of identities, for people: nothing but texts, times and numbers. What an SVID's key is in never comes here,
/// so that none can be written by mistake.
/// </summary>
internal sealed record IdentityReport
{
    internal required DateTimeOffset At { get; init; }

    internal required string Source { get; init; }

    internal required string Endpoint { get; init; }

    internal DateTimeOffset? LastHeard { get; init; }

    internal IReadOnlyList<SourceFault> Faults { get; init; } = [];

    internal required IReadOnlyList<HeldSvid> Svids { get; init; }

    internal required IReadOnlyList<MissingSvid> Missing { get; init; }

    internal required IReadOnlyList<HeldRoot> Authorities { get; init; }

    /// <param name="identities">What is held.</param>
    /// <param name="source">Where it comes from.</param>
    /// <param name="local">The workloads that need an SVID.</param>
    /// <param name="now">The time that validity is judged at.</param>
    internal static IdentityReport Of(
        IdentitySnapshot identities, IdentityOptions source, IReadOnlyCollection<Workload> local, DateTimeOffset now)
    {
        var byUid = local.ToDictionary(workload => workload.Uid, StringComparer.Ordinal);
        return new IdentityReport
        {
            At = now,
            Source = source.Kind,
            Endpoint = source.Place,
            Svids = [.. identities.Svids.Select(held => HeldSvid.Of(held.Svid, held.Uid, byUid.GetValueOrDefault(held.Uid)))],
            Missing = [.. local.Where(workload => identities.FindSvid(workload.Uid, workload.ExpectedId, now) is null).Select(MissingSvid.Of)],
            Authorities = [.. identities.Bundles.SelectMany(HeldRoot.Of).Distinct()],
        };
    }

    /// <summary>Writes members of an object that is begun: the names are what tools build on.</summary>
    internal void Write(Utf8JsonWriter json)
    {
        json.WriteString("at", At.UtcDateTime);
        json.WriteStartObject("source");
        json.WriteString("kind", Source);
        json.WriteString("endpoint", Endpoint);
        if (LastHeard is { } heard)
            json.WriteString("lastHeard", heard.UtcDateTime);
        WriteAll(json, "faults", Faults, fault =>
        {
            json.WriteString("uid", fault.Subject);
            json.WriteString("text", fault.Text);
            json.WriteString("since", fault.Since.UtcDateTime);
        });
        json.WriteEndObject();
        WriteAll(json, "svids", Svids, svid => svid.Write(json, At));
        WriteAll(json, "missing", Missing, missing => missing.Write(json));
        WriteAll(json, "authorities", Authorities, root => root.Write(json, At));
    }

    private static void WriteAll<T>(Utf8JsonWriter json, string name, IEnumerable<T> items, Action<T> write)
    {
        json.WriteStartArray(name);
        foreach (var item in items)
        {
            json.WriteStartObject();
            write(item);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}

/// <summary>One SVID, without anything that could sign.</summary>
/// <param name="Namespace">The pod's namespace; empty when the pod is gone.</param>
/// <param name="Pod">The pod's name; empty when the pod is gone.</param>
/// <param name="Uid">The pod's uid.</param>
/// <param name="Id">The SPIFFE ID.</param>
/// <param name="Serial">In hexadecimal.</param>
/// <param name="NotBefore">The start of its validity.</param>
/// <param name="ExpiresAt">The end of its validity.</param>
/// <param name="KeyType">Of the public key, for example "EC 256".</param>
internal sealed record HeldSvid(
    string Namespace, string Pod, string Uid, string Id, string Serial, DateTimeOffset NotBefore, DateTimeOffset ExpiresAt, string KeyType)
{
    internal static HeldSvid Of(X509Svid svid, string uid, Workload? workload) => new(
        workload?.Namespace ?? "", workload?.Name ?? "", uid, svid.Id.ToString(), svid.Serial, svid.NotBefore, svid.ExpiresAt, KeyTypeOf(svid.Certificate.PublicKey));

    internal void Write(Utf8JsonWriter json, DateTimeOffset now)
    {
        json.WriteString("namespace", Namespace);
        json.WriteString("pod", Pod);
        json.WriteString("uid", Uid);
        json.WriteString("id", Id);
        json.WriteString("serial", Serial);
        json.WriteString("notBefore", NotBefore.UtcDateTime);
        json.WriteString("expires", ExpiresAt.UtcDateTime);
        json.WriteNumber("remainingSeconds", (long)(ExpiresAt - now).TotalSeconds);
        json.WriteString("keyType", KeyType);
    }

    private static string KeyTypeOf(PublicKey key)
    {
        using var curve = key.GetECDsaPublicKey();
        using var rsa = key.GetRSAPublicKey();
        return curve is not null ? $"EC {curve.KeySize}" : rsa is not null ? $"RSA {rsa.KeySize}" : key.Oid.Value ?? "";
    }
}

/// <summary>A workload that has no valid SVID, so that nobody believes it and it believes nobody.</summary>
internal sealed record MissingSvid(string Namespace, string Pod, string Uid, string ExpectedId)
{
    internal static MissingSvid Of(Workload workload) => new(workload.Namespace, workload.Name, workload.Uid, workload.ExpectedId.ToString());

    internal void Write(Utf8JsonWriter json)
    {
        json.WriteString("namespace", Namespace);
        json.WriteString("pod", Pod);
        json.WriteString("uid", Uid);
        json.WriteString("expectedId", ExpectedId);
    }
}

/// <summary>One certificate of a bundle.</summary>
/// <param name="TrustDomain">Whose bundle it is in.</param>
/// <param name="Fingerprint">SHA-256 of the certificate, in hexadecimal.</param>
/// <param name="Subject">The name that it gives itself.</param>
/// <param name="ExpiresAt">The end of its validity.</param>
internal sealed record HeldRoot(string TrustDomain, string Fingerprint, string Subject, DateTimeOffset ExpiresAt)
{
    internal static IEnumerable<HeldRoot> Of(TrustBundle bundle) => bundle.Roots.Select(root => new HeldRoot(
        bundle.TrustDomain.Name, root.GetCertHashString(HashAlgorithmName.SHA256), root.Subject, root.NotAfter.ToUniversalTime()));

    internal void Write(Utf8JsonWriter json, DateTimeOffset now)
    {
        json.WriteString("trustDomain", TrustDomain);
        json.WriteString("fingerprint", Fingerprint);
        json.WriteString("subject", Subject);
        json.WriteString("expires", ExpiresAt.UtcDateTime);
        json.WriteNumber("remainingSeconds", (long)(ExpiresAt - now).TotalSeconds);
    }
}
