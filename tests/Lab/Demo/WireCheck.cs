using System.Text;

namespace Lab.Demo;

/// <summary>What the link between the nodes carried up to a request, the handshake included under which it was made.</summary>
internal static class WireCheck
{
    private static readonly string[] Secrets = ["request-landing", "POST /", "Ship landed", "Host: deathstar"];

    public static void Report(DemoReport report, IReadOnlyList<CapturedSegment> segments, bool isBetweenNodes)
    {
        var service = segments.Where(s => s.Source.Port == 80 || s.Destination.Port == 80).ToList();
        var spilled = Secrets.Where(secret => segments.Any(s => s.Contains(Encoding.ASCII.GetBytes(secret)))).ToList();
        report.Check($"         wire:     {service.Count} segments to or from port 80; plaintext of the request: "
            + (spilled.Count == 0 ? "none" : string.Join(", ", spilled)), spilled.Count == 0);
        if (isBetweenNodes)
        {
            report.Check($"         wire:     TLS 1.3 negotiated: {Count(service, s => s.IsTls13ServerHello)}, "
                + $"segments that begin a TLS record: {Count(service, s => s.BeginsTlsRecord)}", service.Any(s => s.IsTls13ServerHello));
        }
        else
        {
            report.Check("         wire:     nothing of a connection on one node leaves it", service.Count == 0);
        }
    }

    private static int Count(List<CapturedSegment> segments, Func<CapturedSegment, bool> condition) => segments.Count(condition);
}
