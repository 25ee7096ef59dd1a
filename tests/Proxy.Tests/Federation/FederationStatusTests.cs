using System.Text;
using System.Text.Json;
using Proxy.Spiffe.Federation;

namespace Proxy.Tests.Federation;

public class FederationStatusTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 23, 7, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_trust_domain_that_is_followed_tells_how_it_stands() => Assert.Equal(
        """{"federation":[{"trustDomain":"b.test","url":"https://b.test/bundle","profile":"https_spiffe","endpointId":"spiffe://b.test/server" """.TrimEnd()
        + ""","roots":2,"sequence":7,"lastFetch":"2026-11-23T07:00:00+00:00","nextFetch":"2026-11-23T07:05:00+00:00"}]}""",
        Write(Of("b.test=https://b.test/bundle?token=secret,spiffe://b.test/server") with { Roots = 2, Sequence = 7, LastFetch = Now, NextFetch = Now.AddMinutes(5) }));

    [Fact]
    public void One_that_never_answered_tells_why() => Assert.Equal(
        """{"federation":[{"trustDomain":"b.test","url":"https://b.test/","profile":"https_web","error":"the server answered 503","givenBySource":true}]}""",
        Write(Of("b.test=https://b.test/") with { LastError = "the server answered 503", IsGivenBySource = true }));

    private static FederationState Of(string text)
    {
        Assert.True(FederatedDomain.TryParse(text, out var domain, out var error), error);
        return new FederationState(domain);
    }

    private static string Write(FederationState state)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            new FederationStatus([state]).Write(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
