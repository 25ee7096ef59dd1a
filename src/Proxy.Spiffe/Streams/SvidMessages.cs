using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Proxy.Spiffe.WorkloadApi.Protocol;
using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.Streams;

/// <summary>
/// Turns what the Workload API and the Broker API send into what is known of a workload. A message with any fault in it is
/// refused as a whole.
/// </summary>
internal static class SvidMessages
{
    /// <summary>The longest hint in bytes (SPIFFE Workload API, section 5.2).</summary>
    public const int LongestHint = 1024;

    public static bool TryRead(
        IEnumerable<X509SVID> messages,
        IEnumerable<KeyValuePair<string, ByteString>> federatedBundles,
        [NotNullWhen(true)] out WorkloadIdentity? identity,
        out string error)
    {
        identity = null;
        var svids = new List<X509Svid>();
        var bundles = new Dictionary<TrustDomain, TrustBundle>();
        foreach (var message in WithoutRepeatedHints(messages))
        {
            if (!TryRead(message, bundles, out var svid, out error))
                return false;
            svids.Add(svid);
        }

        error = "The message holds no SVID.";
        if (svids.Count == 0 || !TryReadFederated(federatedBundles, bundles, out error))
            return false;
        identity = new WorkloadIdentity(svids, []) { Bundles = [.. bundles.Values] };
        return true;
    }

    // Of SVIDs with the same hint the first counts; an empty one is none.
    private static IEnumerable<X509SVID> WithoutRepeatedHints(IEnumerable<X509SVID> messages)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        return messages.Where(message => message.Hint.Length == 0 || seen.Add(message.Hint));
    }

    private static bool TryRead(
        X509SVID message,
        Dictionary<TrustDomain, TrustBundle> bundles,
        [NotNullWhen(true)] out X509Svid? svid,
        out string error)
    {
        svid = null;
        error = MissingOf(message);
        if (error.Length > 0 || !TryReadSvid(message, out svid, out error))
            return false;
        if (svid.Id.ToString() != message.SpiffeId)
            error = $"The message and the certificate name different IDs; the certificate names {svid.Id}.";
        else if (TrustBundle.TryParse(svid.Id.TrustDomain, message.Bundle.Span, out var bundle, out error)
            && !bundles.GetValueOrDefault(bundle.TrustDomain, bundle).HasSameContent(bundle))
            error = $"The message has two different bundles of {bundle.TrustDomain}.";
        else if (error.Length == 0)
            bundles[svid.Id.TrustDomain] = bundle!;
        return error.Length == 0;
    }

    private static string MissingOf(X509SVID message)
    {
        if (message.SpiffeId.Length == 0 || message.X509Svid.IsEmpty || message.X509SvidKey.IsEmpty || message.Bundle.IsEmpty)
            return "An SVID of the message lacks its ID, certificate, key or bundle.";
        return System.Text.Encoding.UTF8.GetByteCount(message.Hint) > LongestHint
            ? $"A hint of the message is longer than {LongestHint} bytes."
            : "";
    }

    private static bool TryReadSvid(X509SVID message, [NotNullWhen(true)] out X509Svid? svid, out string error)
    {
        svid = null;
        error = "The certificates of an SVID are not a sequence of DER certificates.";
        return DerSequence.TrySplit(message.X509Svid.Memory, out var chain)
            && X509Svid.TryParse(chain, message.X509SvidKey.Span, out svid, out error);
    }

    private static bool TryReadFederated(
        IEnumerable<KeyValuePair<string, ByteString>> federated, Dictionary<TrustDomain, TrustBundle> bundles, out string error)
    {
        error = "";
        foreach (var (name, der) in federated)
        {
            error = "A message names a trust domain that is none.";
            if (!TrustDomain.TryParse(name, out var domain) || !TrustBundle.TryParse(domain, der.Span, out var bundle, out error))
                return false;
            error = $"The message has two different bundles of {domain}.";
            if (!bundles.TryAdd(domain, bundle) && !bundles[domain].HasSameContent(bundle))
                return false;
            error = "";
        }

        return true;
    }
}
