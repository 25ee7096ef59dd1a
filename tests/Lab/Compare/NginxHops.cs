namespace Lab.Compare;

/// <summary>nginx with one worker and without a log, reusing connections between the hops for requests, as it is run in earnest.</summary>
internal sealed class NginxHops(string version, LabCluster lab, LabPod client, LabPod server, PeerCertificates certificates, bool isFresh)
    : PeerHops(lab, client, server, certificates, isFresh)
{
    private const string Reuse = "keepalive 1024; keepalive_requests 1000000000; keepalive_timeout 10m;";

    public override string Name => "nginx";

    public override string Version => version;

    protected override string ClientConfiguration => $$"""
        {{Common(Client)}}
        http {
            {{CommonHttp(Client)}}
            upstream second { server {{Server.IPv4}}:{{SecureHttpPort}}; {{Reuse}} }
            server {
                listen 127.0.0.1:{{ClientHttpPort}} backlog=4096;
                location / {
                    proxy_pass https://second;
                    {{ForwardRequest}}
                    {{ToSecond}}
                }
            }
        }
        stream {
            server {
                listen 127.0.0.1:{{ClientOpaquePort}} backlog=4096;
                proxy_pass {{Server.IPv4}}:{{SecureOpaquePort}};
                proxy_ssl on;
                {{ToSecond}}
            }
        }
        """;

    protected override string ServerConfiguration => $$"""
        {{Common(Server)}}
        http {
            {{CommonHttp(Server)}}
            upstream server { server 127.0.0.1:{{HttpPort}}; {{Reuse}} }
            server {
                listen {{SecureHttpPort}} ssl backlog=4096;
                {{FromFirst}}
                location = {{AllowedPath}} {
                    if ($request_method != GET) { return 403; }
                    proxy_pass http://server;
                    {{ForwardRequest}}
                }
                location / { return 403; }
            }
        }
        stream {
            server {
                listen {{SecureOpaquePort}} ssl backlog=4096;
                {{FromFirst}}
                proxy_pass 127.0.0.1:{{OpaquePort}};
            }
        }
        """;

    private string ToSecond => $"""
        proxy_ssl_protocols TLSv1.3;
        proxy_ssl_certificate {Certificates.Client.Certificate};
        proxy_ssl_certificate_key {Certificates.Client.Key};
        proxy_ssl_trusted_certificate {Certificates.Authority};
        proxy_ssl_verify on;
        proxy_ssl_name server;
        proxy_ssl_server_name on;
        proxy_ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;
        proxy_ssl_session_reuse {(IsFresh ? "off" : "on")};
        """;

    private string FromFirst => $"""
        ssl_protocols TLSv1.3;
        ssl_ecdh_curve X25519;
        ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;
        ssl_certificate {Certificates.Server.Certificate};
        ssl_certificate_key {Certificates.Server.Key};
        ssl_client_certificate {Certificates.Authority};
        ssl_verify_client on;
        ssl_session_tickets {(IsFresh ? "off" : "on")};
        """;

    private const string ForwardRequest = """
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $host;
        """;

    protected override IReadOnlyList<string> Command(string configurationPath) =>
        ["nginx", "-p", Path.GetDirectoryName(configurationPath)!, "-e", $"{configurationPath}.log", "-c", configurationPath];

    private static string Common(LabPod pod) => $$"""
        daemon off;
        master_process off;
        worker_processes 1;
        user root;
        pid {{pod.Files}}/peer.pid;
        load_module /usr/lib/nginx/modules/ngx_stream_module.so;
        events { worker_connections 16000; }
        """;

    private static string CommonHttp(LabPod pod) => $"""
        access_log off;
        keepalive_requests 1000000000;
        keepalive_timeout 10m;
        client_body_temp_path {pod.Files}/peer-body;
        proxy_temp_path {pod.Files}/peer-proxy;
        fastcgi_temp_path {pod.Files}/peer-fastcgi;
        uwsgi_temp_path {pod.Files}/peer-uwsgi;
        scgi_temp_path {pod.Files}/peer-scgi;
        """;
}
