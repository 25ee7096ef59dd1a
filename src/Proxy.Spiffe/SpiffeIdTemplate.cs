using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Proxy.Spiffe;

/// <summary>
/// What the SPIFFE IDs of a cluster's pods are made of, for example
/// <c>spiffe://{trustDomain}/ns/{namespace}/sa/{serviceAccount}</c>. A placeholder is a whole segment of the path, so that
/// two pods of different names never have one ID.
/// </summary>
internal sealed class SpiffeIdTemplate
{
    private const string Domain = "spiffe://{trustDomain}";
    private const string Namespace = "{namespace}";
    private const string ServiceAccount = "{serviceAccount}";
    private const string Identity = "{identity}";

    // Long enough for every name in Kubernetes, and short enough for an ID of 2048 bytes.
    private const int Longest = 512;

    private readonly string _path;

    private SpiffeIdTemplate(string path) => _path = path;

    /// <summary>By namespace and service account, as most issuers for Kubernetes have it.</summary>
    public static SpiffeIdTemplate Default { get; } = new($"/ns/{Namespace}/sa/{ServiceAccount}");

    /// <summary>Whether the IDs follow the labels of pods.</summary>
    public bool NamesIdentity => _path.Contains(Identity, StringComparison.Ordinal);

    /// <summary>Reads a template; the fault says what is wrong. Never throws.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out SpiffeIdTemplate? template, out string fault)
    {
        ArgumentNullException.ThrowIfNull(text);
        template = null;
        fault = FindFault(text);
        if (fault.Length == 0)
            template = new SpiffeIdTemplate(text[Domain.Length..]);
        return template is not null;
    }

    /// <summary>The ID of a pod. Namespace and service account are names of Kubernetes, and thereby segments.</summary>
    /// <exception cref="FormatException">They are not.</exception>
    public SpiffeId IdOf(TrustDomain domain, string @namespace, string serviceAccount, uint identity)
    {
        var segments = _path.Split('/').Select(segment => segment switch
        {
            Namespace => @namespace,
            ServiceAccount => serviceAccount,
            Identity => identity.ToString(CultureInfo.InvariantCulture),
            _ => segment,
        });
        return SpiffeId.Parse(SpiffeId.Scheme + domain.Name + string.Join('/', segments));
    }

    /// <inheritdoc/>
    public override string ToString() => Domain + _path;

    private static string FindFault(string text)
    {
        if (text.Length > Longest)
            return $"longer than {Longest} characters";
        if (!text.StartsWith(Domain + "/", StringComparison.Ordinal))
            return $"it must begin with {Domain}/";
        var segments = text[(Domain.Length + 1)..].Split('/');
        if (segments[0].Contains('{', StringComparison.Ordinal))
            return "its path must begin with a word: what comes first would also be the IDs of others than pods";
        if (segments.Any(segment => IsPlaceholder(segment) && segments.Count(other => other == segment) > 1))
            return "a placeholder stands there twice";
        if (!segments.Contains(Identity) && !(segments.Contains(Namespace) && segments.Contains(ServiceAccount)))
            return $"it must name {Identity}, or {Namespace} and {ServiceAccount}: other pods would have the same ID";
        // What is left must be an ID when names stand for the placeholders, braces included.
        var example = string.Join('/', segments.Select(segment => IsPlaceholder(segment) ? "name" : segment));
        return SpiffeId.TryParse($"{SpiffeId.Scheme}domain/{example}", out _, out var error)
            ? ""
            : $"a placeholder is a whole segment, and the rest a SPIFFE ID ({error})";
    }

    private static bool IsPlaceholder(string segment) => segment is Namespace or ServiceAccount or Identity;
}
