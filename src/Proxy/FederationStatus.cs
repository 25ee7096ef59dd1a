using System.Text.Json;
using Proxy.Spiffe.Federation;

namespace Proxy;

/// <summary>How it stands with the bundles of federated trust domains.</summary>
internal sealed class FederationStatus(IReadOnlyList<FederationState> states)
{
    internal void Write(Utf8JsonWriter json)
    {
        json.WriteStartArray("federation");
        foreach (var state in states)
            Write(json, state);
        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, FederationState state)
    {
        json.WriteStartObject();
        json.WriteString("trustDomain", state.Domain.TrustDomain.Name);
        json.WriteString("url", state.Domain.Place);
        json.WriteString("profile", state.Domain.Profile);
        if (state.Domain.EndpointId is { } id)
            json.WriteString("endpointId", id.ToString());
        if (state.Roots is { } roots)
            json.WriteNumber("roots", roots);
        if (state.Sequence is { } sequence)
            json.WriteNumber("sequence", sequence);
        if (state.LastFetch is { } last)
            json.WriteString("lastFetch", last);
        if (state.NextFetch is { } next)
            json.WriteString("nextFetch", next);
        if (state.LastError is { } error)
            json.WriteString("error", error);
        if (state.IsGivenBySource)
            json.WriteBoolean("givenBySource", true);
        json.WriteEndObject();
    }
}
