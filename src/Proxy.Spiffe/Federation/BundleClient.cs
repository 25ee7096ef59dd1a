using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.Federation;

/// <summary>What one question to an endpoint brought: a document, or why there is none.</summary>
internal readonly record struct BundleFetch(BundleDocument? Document, string Fault);

/// <summary>
/// Asks endpoints for bundles, each time on a connection of its own, so that each time the server proves itself anew. Nothing
/// comes from the environment (no proxy), nothing is kept (no cookies), and no redirect is followed: SPIFFE Federation,
/// section 7.5.1, leaves that to the client.
/// </summary>
/// <param name="options">What servers are known by.</param>
/// <param name="bundleFor">The bundle that an endpoint with profile https_spiffe is known by now, or null.</param>
/// <param name="time">The clock of validity and of the limit.</param>
internal sealed class BundleClient(FederationOptions options, Func<FederatedDomain, TrustBundle?> bundleFor, TimeProvider time)
{
    /// <summary>From the look-up of the name to the last byte of the body.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private const int HeaderKiB = 16;
    private const int LongestQuote = 200;

    public async Task<BundleFetch> FetchAsync(FederatedDomain domain, CancellationToken stop)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        var bundle = bundleFor(domain);
        if (domain.EndpointId is { } id && bundle is not { Roots.Count: > 0 })
            return new BundleFetch(null, $"the server cannot be known: {WhyUnknown(id, bundle)}");
        var tls = new EndpointTls(domain, bundle, options.WebRoots, time);
        try
        {
            return await AskAsync(domain, tls, both.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or HttpRequestException or IOException or SocketException or AuthenticationException)
        {
            return new BundleFetch(null, Describe(e, tls.Refusal, limit.IsCancellationRequested));
        }
    }

    // By a bundle without keys nobody is known ever again, so that its server cannot give a better one.
    private static string WhyUnknown(SpiffeId server, TrustBundle? bundle) => bundle is null
        ? $"there is no bundle of {server.TrustDomain}, the trust domain of its ID {server}"
        : $"{server.TrustDomain}, the trust domain of its ID {server}, has withdrawn all of its keys; if it has others by now, start node-proxy again with their bundle";

    private static async Task<BundleFetch> AskAsync(FederatedDomain domain, EndpointTls tls, CancellationToken stop)
    {
        using var client = new HttpClient(CreateHandler(tls)) { Timeout = Timeout.InfiniteTimeSpan };
        using var request = new HttpRequestMessage(HttpMethod.Get, domain.Url);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("node-proxy", null));
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
        if (response.StatusCode != HttpStatusCode.OK)
            return new BundleFetch(null, Describe(response));
        if (await ReadAsync(response.Content, stop) is not { } body)
            return new BundleFetch(null, $"the answer is larger than {BundleDocument.MaximumLength} bytes");
        return BundleDocument.TryParse(domain.TrustDomain, body, out var document, out var error)
            ? new BundleFetch(document, "")
            : new BundleFetch(null, $"the answer is no bundle: {error}");
    }

    private static SocketsHttpHandler CreateHandler(EndpointTls tls) => new()
    {
        SslOptions = tls.CreateOptions(),
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        MaxResponseHeadersLength = HeaderKiB,
        MaxResponseDrainSize = 0,
    };

    /// <summary>The body; null when it is too large, whatever its head said.</summary>
    private static async Task<ReadOnlyMemory<byte>?> ReadAsync(HttpContent content, CancellationToken stop)
    {
        if (content.Headers.ContentLength > BundleDocument.MaximumLength)
            return null;
        await using var stream = await content.ReadAsStreamAsync(stop);
        using var body = new MemoryStream();
        var part = new byte[16 * 1024];
        while (await stream.ReadAsync(part, stop) is > 0 and var count)
        {
            if (body.Length + count > BundleDocument.MaximumLength)
                return null;
            body.Write(part, 0, count);
        }

        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }

    private static string Describe(HttpResponseMessage response)
    {
        var status = (int)response.StatusCode;
        if (status is < 300 or > 399)
            return $"the server answered {status}";
        // As a URI it is ASCII without control characters, whatever the server sent.
        var place = response.Headers.Location is { IsAbsoluteUri: true } location ? location.GetLeftPart(UriPartial.Path) : "another place";
        return $"the server answered {status}, a redirect to {Shorten(place)}; redirects are not followed: if it is right, give that URL";
    }

    private static string Describe(Exception e, string refusal, bool isLate)
    {
        if (refusal.Length > 0)
            return refusal;
        if (isLate)
            return $"there was no whole answer within {Limit.TotalSeconds:0} s";
        // HttpClient says that it failed, what it rests on says why; either may quote the server.
        var why = e.InnerException is IOException or AuthenticationException ? e.InnerException.Message : e.Message;
        return Shorten(why);
    }

    private static string Shorten(string text) => text.Length > LongestQuote ? text[..LongestQuote] : text;
}
