using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Numerics;
using Proxy.Kernel;

namespace Proxy.Commands;

/// <summary>The command-line options of capture: marks, ports, table, queue and probe source.</summary>
internal sealed class RedirectOptions
{
    private static readonly CaptureOptions Defaults = new();

    private readonly Option<uint> _proxyMark = Number("--proxy-mark", "Mark of the proxy's own packets.", Defaults.ProxyMark, isMark: true);
    private readonly Option<uint> _divertMark = Number("--divert-mark", "Mark of captured packets.", Defaults.DivertMark, isMark: true);
    private readonly Option<uint> _mask = Number("--mark-mask", "Bits of the packet mark that are ours.", Defaults.Mask, isMark: true);
    private readonly Option<uint> _table = Number("--route-table", "Routing table of captured packets, number.", Defaults.RouteTable);
    private readonly Option<uint> _priority = Number("--rule-priority", "Priority of the routing rule, number below 32766.", Defaults.RulePriority);
    private readonly Option<ushort> _outbound = Number("--outbound-port", "Port of the outbound capture listener.", Defaults.OutboundPort);
    private readonly Option<ushort> _inbound = Number("--inbound-port", "Port of the inbound capture listener.", Defaults.InboundPort);
    private readonly Option<ushort> _queue = Number("--queue-number", "NFQUEUE on which the kernel asks.", Defaults.QueueNumber);
    private readonly Option<string> _probe4 = Probe("--probe-source-ipv4", AddressFamily.InterNetwork, Defaults.ProbeSourceIPv4);
    private readonly Option<string> _probe6 = Probe("--probe-source-ipv6", AddressFamily.InterNetworkV6, Defaults.ProbeSourceIPv6);

    private readonly Option<string> _iptables = CommandOptions.Text(
        "--iptables", "Variant of iptables that makes the rules: nft, legacy, or auto, the first that works, nft before legacy.", "auto", "VARIANT");

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_proxyMark, _divertMark, _mask, _table, _priority, _outbound, _inbound, _queue, _probe4, _probe6, _iptables])
            command.Add(option);
        _iptables.Validators.Add(CheckVariant);
    }

    public CaptureOptions Read(ParseResult result) => new()
    {
        ProxyMark = result.GetValue(_proxyMark),
        DivertMark = result.GetValue(_divertMark),
        Mask = result.GetValue(_mask),
        RouteTable = result.GetValue(_table),
        RulePriority = result.GetValue(_priority),
        OutboundPort = result.GetValue(_outbound),
        InboundPort = result.GetValue(_inbound),
        QueueNumber = result.GetValue(_queue),
        ProbeSourceIPv4 = AddressOf(result.GetRequiredValue(_probe4)),
        ProbeSourceIPv6 = AddressOf(result.GetRequiredValue(_probe6)),
        Iptables = VariantOf(result.GetValue(_iptables)),
    };

    private static Option<T> Number<T>(string name, string description, T otherwise, bool isMark = false)
        where T : struct, IBinaryInteger<T>
    {
        var shown = isMark ? $"0x{otherwise:x8}" : otherwise.ToString();
        return new Option<T>(name)
        {
            Description = $"{description} (env {Variable(name)}, default {shown})",
            HelpName = isMark ? "0xHEX" : "NUMBER",
            DefaultValueFactory = result => Environment.GetEnvironmentVariable(Variable(name)) is { } text
                ? Read(text, name, result.AddError, otherwise) : otherwise,
            CustomParser = result => Read(result.Tokens[0].Value, name, result.AddError, otherwise),
        };
    }

    private static T Read<T>(string text, string name, Action<string> fail, T otherwise)
        where T : struct, IBinaryInteger<T>
    {
        var isHex = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        var style = isHex ? NumberStyles.AllowHexSpecifier : NumberStyles.None;
        if (T.TryParse(isHex ? text.AsSpan(2) : text, style, CultureInfo.InvariantCulture, out var value))
            return value;
        fail($"{name}: '{text}' is not a number in range (decimal, or hexadecimal with 0x)");
        return otherwise;
    }

    private static Option<string> Probe(string name, AddressFamily family, IPAddress? otherwise)
    {
        var option = CommandOptions.Text(name, "Source that the node gives to its own connections (probes), passed uncaptured; none: they are captured.", $"{otherwise}", "ADDRESS");
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is var text and not "none" && !IsAddress(text, family))
                result.AddError($"{name}: '{text}' is neither an address of this family nor none");
        });
        return option;
    }

    private static bool IsAddress(string? text, AddressFamily family) =>
        IPAddress.TryParse(text, out var address) && address.AddressFamily == family && !text!.Contains('%', StringComparison.Ordinal);

    private static IPAddress? AddressOf(string text) => text == "none" ? null : IPAddress.Parse(text);

    private static void CheckVariant(OptionResult result)
    {
        if (result.GetValueOrDefault<string>() is var text and not ("auto" or "nft" or "legacy"))
            result.AddError($"--iptables: '{text}' is none of auto, nft, legacy");
    }

    private static IptablesVariant? VariantOf(string? text) => text switch
    {
        "nft" => IptablesVariant.Nft,
        "legacy" => IptablesVariant.Legacy,
        _ => null,
    };

    internal static string Variable(string name) => "NODE_PROXY_" + name[2..].Replace('-', '_').ToUpperInvariant();
}
