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

    private readonly Option<uint> proxyMark = Number("--proxy-mark", "Mark of the proxy's own packets.", Defaults.ProxyMark, isMark: true);
    private readonly Option<uint> divertMark = Number("--divert-mark", "Mark of captured packets.", Defaults.DivertMark, isMark: true);
    private readonly Option<uint> mask = Number("--mark-mask", "Bits of the packet mark that are ours.", Defaults.Mask, isMark: true);
    private readonly Option<uint> table = Number("--route-table", "Routing table of captured packets, number.", Defaults.RouteTable);
    private readonly Option<uint> priority = Number("--rule-priority", "Priority of the routing rule, number below 32766.", Defaults.RulePriority);
    private readonly Option<ushort> outbound = Number("--outbound-port", "Port of the outbound capture listener.", Defaults.OutboundPort);
    private readonly Option<ushort> inbound = Number("--inbound-port", "Port of the inbound capture listener.", Defaults.InboundPort);
    private readonly Option<ushort> queue = Number("--queue-number", "NFQUEUE on which the kernel asks.", Defaults.QueueNumber);
    private readonly Option<IPAddress?> probe4 = Probe("--probe-source-ipv4", AddressFamily.InterNetwork);
    private readonly Option<IPAddress?> probe6 = Probe("--probe-source-ipv6", AddressFamily.InterNetworkV6);

    private readonly Option<string> iptables = CommandOptions.Text(
        "--iptables", "Variant of iptables that makes the rules: nft, legacy, or auto, the first that works, nft before legacy.", "auto", "VARIANT");

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[proxyMark, divertMark, mask, table, priority, outbound, inbound, queue, probe4, probe6, iptables])
            command.Add(option);
        iptables.Validators.Add(CheckVariant);
    }

    public CaptureOptions Read(ParseResult result) => new()
    {
        ProxyMark = result.GetValue(proxyMark),
        DivertMark = result.GetValue(divertMark),
        Mask = result.GetValue(mask),
        RouteTable = result.GetValue(table),
        RulePriority = result.GetValue(priority),
        OutboundPort = result.GetValue(outbound),
        InboundPort = result.GetValue(inbound),
        QueueNumber = result.GetValue(queue),
        ProbeSourceIPv4 = result.GetValue(probe4),
        ProbeSourceIPv6 = result.GetValue(probe6),
        Iptables = VariantOf(result.GetValue(iptables)),
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

    private static Option<IPAddress?> Probe(string name, AddressFamily family) => new(name)
    {
        Description = $"Link-local source of the node's own connections, passed uncaptured (env {Variable(name)}, default none)",
        HelpName = "ADDRESS",
        DefaultValueFactory = result => Environment.GetEnvironmentVariable(Variable(name)) is { } text ? Address(text, name, family, result.AddError) : null,
        CustomParser = result => Address(result.Tokens[0].Value, name, family, result.AddError),
    };

    private static IPAddress? Address(string text, string name, AddressFamily family, Action<string> fail)
    {
        if (IPAddress.TryParse(text, out var address) && address.AddressFamily == family && !text.Contains('%'))
            return address;
        fail($"{name}: '{text}' is not an address of this family");
        return null;
    }

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

    private static string Variable(string name) => "NODE_PROXY_" + name[2..].Replace('-', '_').ToUpperInvariant();
}
