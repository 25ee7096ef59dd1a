namespace Lab.Compare;

/// <summary>HAProxy with one thread, reusing connections between the hops for requests, as it is run in earnest.</summary>
internal class HaproxyHops(string version, LabCluster lab, LabPod client, LabPod server, PeerCertificates certificates, bool isFresh)
    : PeerHops(lab, client, server, certificates, isFresh)
{
    public override string Name => "haproxy";

    /// <summary>Where the first process finds the second.</summary>
    protected virtual (int Http, int Opaque) SecondPorts => (SecureHttpPort, SecureOpaquePort);

    public override string Version => version;

    protected override string ClientConfiguration => $"""
        {Common}
        listen http
          mode http
          bind 127.0.0.1:{ClientHttpPort}
          http-reuse always
          server second {Server.IPv4}:{SecondPorts.Http} {ToSecond} alpn http/1.1 pool-max-conn 1024
        listen opaque
          mode tcp
          bind 127.0.0.1:{ClientOpaquePort}
          server second {Server.IPv4}:{SecondPorts.Opaque} {ToSecond}

        """;

    protected override string ServerConfiguration => $$"""
        {{Common}}
        listen http
          mode http
          bind :{{SecureHttpPort}} {{FromFirst}} alpn http/1.1
          http-reuse always
          http-request deny deny_status 403 unless { method GET } { path {{AllowedPath}} }
          server server 127.0.0.1:{{HttpPort}}
        listen opaque
          mode tcp
          bind :{{SecureOpaquePort}} {{FromFirst}}
          server server 127.0.0.1:{{OpaquePort}}

        """;

    private string ToSecond =>
        $"ssl crt {Certificates.Client.Both} ca-file {Certificates.Authority} verify required verifyhost server sni str(server){(IsFresh ? " no-ssl-reuse" : "")}";

    private string FromFirst => $"ssl crt {Certificates.Server.Both} ca-file {Certificates.Authority} verify required{(IsFresh ? " no-tls-tickets" : "")}";

    private static string Common => """
        global
          nbthread 1
          maxconn 9000
          ssl-default-bind-options ssl-min-ver TLSv1.3
          ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256
          ssl-default-bind-curves X25519
          ssl-default-server-options ssl-min-ver TLSv1.3
          ssl-default-server-ciphersuites TLS_AES_128_GCM_SHA256
        defaults
          maxconn 9000
          timeout connect 5s
          timeout client 10m
          timeout server 10m
          timeout http-keep-alive 10m
        """;

    protected override IReadOnlyList<string> Command(string configurationPath) => ["haproxy", "-db", "-f", configurationPath];
}
