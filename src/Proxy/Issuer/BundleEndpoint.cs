using Microsoft.AspNetCore.Http;
using Proxy.Spiffe.Issuing;
using Proxy.Spiffe.X509;

namespace Proxy.Issuer;

/// <summary>The trust domain's bundle over HTTPS, for other trust domains (SPIFFE Federation, section 5).</summary>
internal sealed class BundleEndpoint(RotatingAuthority authority)
{
    public const string Path = "/bundle";

    private static readonly TimeSpan LongestHint = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan ShortestHint = TimeSpan.FromSeconds(1);

    public async Task AnswerAsync(HttpContext context)
    {
        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(Document().ToJson(), context.RequestAborted);
    }

    // The next root is published a third of a lifetime ahead: four hints of a twelfth.
    private BundleDocument Document()
    {
        var hint = authority.Lifetime / 12;
        hint = hint > LongestHint ? LongestHint : hint < ShortestHint ? ShortestHint : hint;
        return authority.CreateDocument(TimeSpan.FromSeconds(Math.Floor(hint.TotalSeconds)));
    }
}
