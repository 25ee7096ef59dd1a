namespace Proxy.Kernel;

/// <summary>The programs that capture works with on this machine.</summary>
/// <param name="Path">Where they are looked for.</param>
/// <param name="Iptables">The variant that makes the rules.</param>
/// <param name="Other">The other one, to find and remove what it made at an earlier time; null: not installed.</param>
internal sealed record CaptureTools(ToolPath Path, Iptables Iptables, Iptables? Other)
{
    /// <summary>What is installed, without trying it: the variant asked for, else nft, else legacy.</summary>
    public static CaptureTools Find(IptablesVariant? asked, ToolPath path)
    {
        var nft = Iptables.Find(IptablesVariant.Nft, path);
        var legacy = Iptables.Find(IptablesVariant.Legacy, path);
        var isLegacy = (asked ?? (nft.Missing.Count > 0 ? IptablesVariant.Legacy : IptablesVariant.Nft)) == IptablesVariant.Legacy;
        var (chosen, other) = isLegacy ? (legacy, nft) : (nft, legacy);
        return new CaptureTools(path, chosen, other.Missing.Count == 0 ? other : null);
    }
}
