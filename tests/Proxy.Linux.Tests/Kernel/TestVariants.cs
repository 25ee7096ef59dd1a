using Proxy.Kernel;

namespace Proxy.Linux.Tests.Kernel;

/// <summary>The variants of iptables and the address families, as theory data.</summary>
public static class TestVariants
{
    public static TheoryData<string> All => ["nft", "legacy"];

    /// <summary>Variant, and whether IPv4.</summary>
    public static TheoryData<string, bool> AndFamilies => new() { { "nft", true }, { "nft", false }, { "legacy", true }, { "legacy", false } };

    internal static CaptureOptions Options(string variant) =>
        new() { Iptables = variant == "nft" ? IptablesVariant.Nft : IptablesVariant.Legacy };

    internal static string OtherThan(string variant) => variant == "nft" ? "legacy" : "nft";
}
