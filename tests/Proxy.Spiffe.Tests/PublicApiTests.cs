namespace Proxy.Spiffe.Tests;

/// <summary>What others may rely on changes only where somebody means it to.</summary>
public sealed class PublicApiTests
{
    [Fact]
    public void The_public_api_is_the_one_that_was_agreed_on() => PublicApiText.RequireAgreed(typeof(SpiffeId).Assembly);
}
