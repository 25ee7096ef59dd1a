using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using Lab;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>A machine outside the cluster, without a node-proxy: a real nginx that demands certificates, curl and openssl.</summary>
internal sealed class TlsMachine(LabCluster lab, LabPod place) : IAsyncDisposable
{
    public const int Port = 8443;
    public const int OtherPort = 8444;

    private LabProcess? nginx;

    public LabPod Place => place;

    public string IPv4 => place.IPv4;

    public string IPv6 => place.IPv6;

    private TestAuthority OfCluster => TestAuthority.OfIssuer(lab.IssuerState, place.Files);

    private string AccessLog => Path.Combine(place.Files, "access.log");

    public static async Task<TlsMachine> CreateAsync(LabCluster lab, LabNode node, string name, string ipv4, string ipv6)
    {
        var place = await lab.AddPodAsync(node, name, new() { IsEnrolled = false, WritesManifest = false, Addresses = (ipv4, ipv6) });
        return new(lab, place);
    }

    /// <summary>Tells the cluster of it, and waits until every node knows.</summary>
    public Task DeclareAsync(string id, string tls = "spiffe", string ports = "") => lab.ChangeAsync(() => lab.Manifests.Apply($"""
        apiVersion: node-proxy.dev/v1alpha1
        kind: ExternalWorkload
        metadata:
          name: {place.Name}
          namespace: default
          labels:
            app: {place.Name}
        spec:
          addresses: ["{IPv4}", "{IPv6}"]
          tls: {tls}
          {(id.Length > 0 ? $"spiffeId: {id}" : "")}
          {(ports.Length > 0 ? $"ports: {ports}" : "")}
        """));

    /// <summary>Serves with this certificate and key, to clients of the cluster's authority.</summary>
    public async Task ServeAsync(string certificate)
    {
        await StopAsync();
        var configuration = Path.Combine(place.Files, "nginx.conf");
        await File.WriteAllTextAsync(configuration, Configuration(certificate));
        nginx = place.Start("nginx", "-p", place.Files, "-e", Path.Combine(place.Files, "error.log"), "-c", configuration);
        var isUp = await Wait.UntilAsync(
            async () => (await place.RunAsync("ss", "-Hltn", "sport", "=", $":{Port}")).Output.Length > 0, TimeSpan.FromSeconds(20));
        Assert.True(isUp, nginx.Log);
    }

    /// <summary>Whom the last certificate that was shown names.</summary>
    public async Task<string> AwaitClientIdAsync()
    {
        var lines = Array.Empty<string>();
        await Wait.UntilAsync(() => (lines = File.Exists(AccessLog) ? File.ReadAllLines(AccessLog) : []).Length > 0, TimeSpan.FromSeconds(10));
        using var certificate = X509Certificate2.CreateFromPem(Uri.UnescapeDataString(lines[^1]));
        return UriOf(certificate);
    }

    /// <summary>Asks a pod as this machine would: with a certificate, or in plaintext.</summary>
    public Task<CommandResult> AskAsync(string host, string path, string? certificate)
    {
        var scheme = certificate is null ? "http" : "https";
        string[] proof = certificate is null ? [] : ["--cert", certificate, "--key", certificate, "--insecure", "--tlsv1.3"];
        return place.RunAsync(["curl", "-qsS", "--noproxy", "*", "--connect-timeout", "2", "--max-time", "15", .. proof, $"{scheme}://{host}:80/{path}"], TimeSpan.FromSeconds(30));
    }

    /// <summary>A certificate of the cluster's own authority.</summary>
    public string Issue(string id) => OfCluster.Issue(id);

    public async Task StopAsync()
    {
        if (nginx is not null)
        {
            await nginx.StopAsync();
        }

        File.Delete(AccessLog);
        nginx = null;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await lab.ChangeAsync(() => lab.Manifests.Delete("ExternalWorkload", "default", place.Name));
        await lab.DeletePodAsync(place);
    }

    private string Configuration(string certificate) => $$"""
        daemon off;
        user root;
        worker_processes 1;
        pid {{place.Files}}/nginx.pid;
        events { worker_connections 256; }
        http {
            log_format proof '$ssl_client_escaped_cert';
            access_log {{place.Files}}/access.log proof;
            client_body_temp_path {{place.Files}}/body;
            proxy_temp_path {{place.Files}}/proxy;
            fastcgi_temp_path {{place.Files}}/fastcgi;
            uwsgi_temp_path {{place.Files}}/uwsgi;
            scgi_temp_path {{place.Files}}/scgi;
            default_type text/plain;
            server {
                listen {{Port}} ssl;
                listen [::]:{{Port}} ssl;
                listen {{OtherPort}} ssl;
                ssl_protocols TLSv1.3;
                ssl_certificate {{certificate}};
                ssl_certificate_key {{certificate}};
                ssl_client_certificate {{OfCluster.WriteAuthority()}};
                ssl_verify_client on;
                location / { return 200 "open ledger\n"; }
            }
        }
        """;

    private static string UriOf(X509Certificate2 certificate)
    {
        var names = certificate.Extensions.First(extension => extension.Oid!.Value == "2.5.29.17");
        var reader = new AsnReader(names.RawData, AsnEncodingRules.DER).ReadSequence();
        while (reader.HasData)
        {
            var tag = reader.PeekTag();
            if (tag.TagValue == 6)
            {
                return reader.ReadCharacterString(UniversalTagNumber.IA5String, new Asn1Tag(TagClass.ContextSpecific, 6));
            }

            reader.ReadEncodedValue();
        }

        return "";
    }
}
