namespace Lab.Compare;

/// <summary>What every proxy has behind it: nginx for requests, our own server for opaque connections.</summary>
internal static class LoadServers
{
    public static async Task StartAsync(LabPod pod)
    {
        var configuration = Path.Combine(pod.Files, "server.conf");
        await File.WriteAllTextAsync(configuration, Template(pod.Files));
        pod.Start([.. OnLoadProcessors, "nginx", "-p", pod.Files, "-e", Path.Combine(pod.Files, "server.log"), "-c", configuration]);
        var opaque = pod.Start([.. OnLoadProcessors, Peer.Program, "load", "serve", $"{Hops.OpaquePort}"]);
        await opaque.WaitForLogAsync("listening");
    }

    /// <summary>The prefix of every command that makes or answers load.</summary>
    public static IReadOnlyList<string> OnLoadProcessors =>
        ["taskset", "-c", Processors.Load, "env", "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS=1", "DOTNET_TieredPGO=0"];

    private static string Template(string files) => $$"""
        daemon off;
        master_process off;
        user root;
        worker_processes 1;
        pid {{files}}/server.pid;
        events { worker_connections 16000; }
        http {
            access_log off;
            client_body_temp_path {{files}}/body;
            proxy_temp_path {{files}}/proxy;
            fastcgi_temp_path {{files}}/fastcgi;
            uwsgi_temp_path {{files}}/uwsgi;
            scgi_temp_path {{files}}/scgi;
            default_type text/plain;
            keepalive_requests 1000000000;
            keepalive_timeout 10m;
            server {
                listen {{Hops.HttpPort}} backlog=4096;
                location / { return 200 "Ship landed\n"; }
            }
        }
        """;
}
