using System.Globalization;

namespace Proxy.Kernel;

/// <summary>
/// The kernel settings that capture needs. On the loopback: captured packets come back in by it with a source
/// of another interface (loose reverse path filter) or with the pod's own source (accept local). And, where something
/// passes by connection tracking, that no connection is taken up in its midst: it may have been a captured one.
/// </summary>
internal static class CaptureSettings
{
    /// <summary>A chain that nothing jumps to: its comments hold the values to go back to, and live as long as the rules.</summary>
    public const string StateChain = CaptureRuleSet.Prefix + "STATE";

    private const string LoopbackFilter = "net.ipv4.conf.lo.rp_filter";
    private const string EveryFilter = "net.ipv4.conf.all.rp_filter";
    private const string AcceptLocal = "net.ipv4.conf.lo.accept_local";
    private const string LooseTracking = "net.netfilter.nf_conntrack_tcp_loose";
    private const string SourceValidMark = "net.ipv4.conf.all.src_valid_mark";

    public static Dictionary<string, string> Read(NamespaceTools tools)
    {
        Dictionary<string, string> values = [];
        foreach (var key in (string[])[LoopbackFilter, EveryFilter, AcceptLocal, LooseTracking, SourceValidMark])
        {
            if (tools.ReadSetting(key) is { } value)
                values.Add(key, value);
        }
        return values;
    }

    /// <summary>What has to be set, given what is.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Needed(CaptureOptions options, IReadOnlyDictionary<string, string> now)
    {
        // The stricter of "all" and "lo" would win if 1 were stricter than 2; the kernel takes the greater number.
        if (Value(now, LoopbackFilter) != 2 && Math.Max(Value(now, LoopbackFilter), Value(now, EveryFilter)) == 1)
            yield return KeyValuePair.Create(LoopbackFilter, "2");
        if (Value(now, AcceptLocal) != 1)
            yield return KeyValuePair.Create(AcceptLocal, "1");
        // Unknown until the first rule that tracks has loaded the module, which is before settings are written.
        if (options.HasBypass && TracksLoosely(now))
            yield return KeyValuePair.Create(LooseTracking, "0");
    }

    /// <summary>Whether tracking takes up connections of which it did not see the beginning.</summary>
    public static bool TracksLoosely(IReadOnlyDictionary<string, string> now) => now.GetValueOrDefault(LooseTracking) != "0";

    /// <summary>What is set in a way that capture does not work with, and that is not ours to change.</summary>
    public static IEnumerable<string> Obstacles(IReadOnlyDictionary<string, string> now)
    {
        if (Value(now, SourceValidMark) == 1)
            yield return $"{SourceValidMark} is 1: captured packets are refused by the reverse path filter; set it to 0";
    }

    /// <summary>The values to go back to, as a chain.</summary>
    public static CaptureChain State(CaptureFindings findings)
    {
        var earlier = findings.EarlierSettings.Count > 0
            ? findings.EarlierSettings
            : [.. findings.Settings.Where(setting => setting.Key is LoopbackFilter or AcceptLocal or LooseTracking)];
        return new("mangle", StateChain, null, [.. earlier.Select(setting => new CaptureRule("", "", $"before capture: {setting.Key}={setting.Value}"))]);
    }

    public static IEnumerable<KeyValuePair<string, string>> Earlier(SavedTables tables)
    {
        foreach (var rule in tables.RulesOf("mangle", StateChain))
        {
            var parts = rule.Comment.Split(' ')[^1].Split('=');
            // Only what we write ourselves: a comment must not choose which file is written.
            if (parts is [LoopbackFilter or AcceptLocal or LooseTracking, "0" or "1" or "2"])
                yield return KeyValuePair.Create(parts[0], parts[1]);
        }
    }

    private static int Value(IReadOnlyDictionary<string, string> now, string key) =>
        now.TryGetValue(key, out var text) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : 0;
}
