using System.Text.RegularExpressions;

namespace Lab;

/// <summary>A real nginx in a pod, on port 80 of both families, with a log of who asked for what.</summary>
public sealed partial class NginxServer
{
    private readonly string accessLog;

    private NginxServer(LabProcess process, string accessLog) => (Process, this.accessLog) = (process, accessLog);

    public LabProcess Process { get; }

    /// <summary>The locations of the scenario's death star.</summary>
    public static string DeathStar => """
        location = /v1/request-landing {
            if ($request_method != POST) { return 405; }
            return 200 "Ship landed\n";
        }
        location = /v1/exhaust-port {
            if ($request_method != PUT) { return 405; }
            return 200 "Panic: deathstar exploded\n\ngoroutine 1 [running]:\nmain.HandleGarbage(0x2080c3f50, 0x2, 0x4, 0x425c0, 0x5, 0xa)\n";
        }
        location /v1/ {
            return 200 "{\"name\":\"Death Star\",\"hostname\":\"$hostname\"}\n";
        }
        """;

    public static string Demo => """
        location / {
            return 200 "demo\n";
        }
        """;

    /// <summary>Starts nginx in the pod and waits until it answers there on loopback.</summary>
    public static async Task<NginxServer> StartAsync(LabPod pod, string locations)
    {
        var configuration = Path.Combine(pod.Files, "nginx.conf");
        await File.WriteAllTextAsync(configuration, Template(pod.Files, locations));
        var process = pod.Start("nginx", "-p", pod.Files, "-e", Path.Combine(pod.Files, "error.log"), "-c", configuration);
        var server = new NginxServer(process, Path.Combine(pod.Files, "access.log"));
        var probe = () => pod.RunAsync("curl", "-qs", "--noproxy", "*", "-o", "/dev/null", "http://127.0.0.1/probe");
        if (!await Wait.UntilAsync(async () => process.HasExited || (await probe()).Succeeded, TimeSpan.FromSeconds(20)) || process.HasExited)
        {
            throw new LabException($"nginx in {pod.Name} does not answer:\n{process.Log}");
        }

        return server;
    }

    /// <summary>Requests as "address method target status".</summary>
    public IReadOnlyList<string> Requests() =>
        [.. File.ReadAllLines(accessLog).Select(line => LogLine().Replace(line, "$1 $3 $4 $5")).Where(line => !line.Contains("/probe", StringComparison.Ordinal))];

    /// <summary>Waits until a request is logged that begins with the text; nginx logs after it has answered.</summary>
    public Task<bool> AwaitRequestAsync(string beginning, TimeSpan? limit = null) => Wait.UntilAsync(
        () => Requests().Any(line => line.StartsWith(beginning, StringComparison.Ordinal)), limit ?? TimeSpan.FromSeconds(5));

    private static string Template(string files, string locations) => $$"""
        daemon off;
        user root;
        worker_processes 1;
        pid {{files}}/nginx.pid;
        events { worker_connections 8192; }
        http {
            log_format lab '$remote_addr $remote_port $request_method $request_uri $status "$http_host"';
            access_log {{files}}/access.log lab;
            client_body_temp_path {{files}}/body;
            proxy_temp_path {{files}}/proxy;
            fastcgi_temp_path {{files}}/fastcgi;
            uwsgi_temp_path {{files}}/uwsgi;
            scgi_temp_path {{files}}/scgi;
            default_type text/plain;
            keepalive_requests 1000000;
            keepalive_timeout 1h;
            server {
                listen 80 backlog=4096;
                listen [::]:80 backlog=4096;
                {{locations}}
            }
        }
        """;

    [GeneratedRegex("^(\\S+) (\\S+) (\\S+) (\\S+) (\\S+) .*$")]
    private static partial Regex LogLine();
}
