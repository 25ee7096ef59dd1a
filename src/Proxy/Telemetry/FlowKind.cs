namespace Proxy.Telemetry;

/// <summary>What a flow tells about.</summary>
internal enum FlowKind : byte
{
    /// <summary>Policy was asked about a connection; allowed or denied.</summary>
    PolicyVerdict,

    /// <summary>A connection or packet was refused.</summary>
    Drop,

    /// <summary>A request was forwarded or refused.</summary>
    HttpRequest,

    /// <summary>A response went back, the server's or our own refusal.</summary>
    HttpResponse,

    /// <summary>A connection reached its server.</summary>
    ToEndpoint,
}

/// <summary>What was done.</summary>
internal enum FlowVerdict : byte
{
    Forwarded,
    Dropped,

    /// <summary>Allowed, and every request will be judged.</summary>
    Redirected,

    /// <summary>Would be denied; passed because its policy is only audited.</summary>
    Audit,
}

/// <summary>Why a flow was dropped, in Hubble's numbers.</summary>
internal enum DropReason : byte
{
    None = 0,
    InvalidSourceIp = 132,
    PolicyDenied = 133,
    InvalidPacket = 134,
    StaleOrUnroutableIp = 151,
    ServiceBackendNotFound = 158,
    InvalidIdentity = 171,
    UnknownSender = 172,
    PolicyDenyList = 181,
    AuthenticationRequired = 189,
    Unencrypted = 195,
    RateLimited = 198,
    HostNotReady = 202,
    EndpointNotReady = 203,
}
