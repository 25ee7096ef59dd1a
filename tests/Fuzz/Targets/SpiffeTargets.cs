using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Proxy.Spiffe;
using Proxy.Spiffe.DelegatedIdentity;
using Proxy.Spiffe.DelegatedIdentity.Protocol;
using Proxy.Spiffe.Streams;
using Proxy.Spiffe.X509;
using Workload = Proxy.Spiffe.WorkloadApi.Protocol;

namespace Fuzz.Targets;

/// <summary>Certificates of peers, and what the identity source sends.</summary>
internal static class SpiffeTargets
{
    private static readonly TrustBundle Bundle = TestCertificates.Bundle;
    private static readonly byte[] Intermediate = TestCertificates.Intermediate;
    private static readonly string[] Genuine = [.. new[] { TestCertificates.Leaf, TestCertificates.LowerLeaf }.Select(SignedPart)];

    private static readonly byte[][] Words =
    [
        .. FuzzTargets.Bytes("spiffe://cluster.local/ns/default/sa/x", "spiffe://other/x", "\u0086", "\u0030\u0080", "\u0001\u0001\u00ff", "\u0003\u0002\u0001\u0006"),
        [0x06, 0x03, 0x55, 0x1d, 0x11], [0x06, 0x03, 0x55, 0x1d, 0x13], [0x06, 0x03, 0x55, 0x1d, 0x0f], [0x06, 0x03, 0x55, 0x1d, 0x25],
    ];

    public static FuzzTarget Leaves { get; } = new("leaves", CheckLeaf)
    {
        MaxLength = 2048,
        Words = Words,
        Reshape = Der.Reshape,
        Seeds = [TestCertificates.Leaf, TestCertificates.LowerLeaf, TestCertificates.Root],
    };

    public static FuzzTarget Bundles { get; } = new("bundles", CheckBundle)
    {
        Words = Words,
        Reshape = Der.Reshape,
        Seeds = [TestCertificates.Root, [.. TestCertificates.Root, .. TestCertificates.Intermediate]],
    };

    public static FuzzTarget BundleDocuments { get; } = new("bundle-documents", CheckBundleDocument)
    {
        Words = ["keys"u8.ToArray(), "x509-svid"u8.ToArray(), "x5c"u8.ToArray(), "spiffe_sequence"u8.ToArray(), "trust_domains"u8.ToArray(), "\\ud800"u8.ToArray()],
        Seeds = [Document(), [.. "{\"trust_domains\":{\"cluster.local\":"u8, .. Document(), .. "}}"u8]],
    };

    public static FuzzTarget OwnSvids { get; } = new("own-svids", CheckOwnSvids)
    {
        Words = Words,
        Seeds = [OwnResponse().ToByteArray()],
    };

    public static FuzzTarget Delegated { get; } = new("delegated", CheckDelegated)
    {
        Words = Words,
        Reshape = ReshapeResponse,
        Seeds = [Svids().ToByteArray(), Roots().ToByteArray()],
    };

    private static void CheckLeaf(byte[] input)
    {
        if (!DerSequence.TryLoad(input, out var leaf))
            return;
        using var loaded = leaf;
        using var intermediate = X509CertificateLoader.LoadCertificate(Intermediate);
        var check = SvidVerifier.Verify([leaf, intermediate], domain => domain == TestCertificates.Domain ? Bundle : null, TestCertificates.Now);
        Oracle.Holds(check.IsValid == (check.Fault == SvidFault.None), "a valid certificate names an ID");
        Oracle.Holds(check.IsValid == (check.Detail.Length == 0), "a fault is explained, and nothing else");
        Oracle.Holds(!check.IsValid || Genuine.Contains(SignedPart(input)), "a certificate that nobody signed is accepted");
    }

    private static void CheckBundle(byte[] input)
    {
        if (!TrustBundle.TryParse(TestCertificates.Domain, input, out var bundle, out var error))
        {
            Oracle.Holds(error.Length > 0, "a refusal is explained");
            return;
        }

        Oracle.Holds(bundle.Roots.Sum(root => root.RawData.Length) == input.Length, "all bytes are of the certificates");
        using var leaf = X509CertificateLoader.LoadCertificate(TestCertificates.Leaf);
        using var genuine = X509CertificateLoader.LoadCertificate(TestCertificates.Root);
        var check = SvidVerifier.Verify([leaf], _ => bundle, TestCertificates.Now);
        Oracle.Holds(!check.IsValid || bundle.Roots.Any(root => root.GetPublicKey().AsSpan().SequenceEqual(genuine.GetPublicKey())), "a root that did not sign is believed");
        foreach (var root in bundle.Roots)
            root.Dispose();
    }

    private static void CheckDelegated(byte[] input)
    {
        if (TryParse(SubscribeToX509SVIDsResponse.Parser, input) is { } svids && ResponseReader.TryRead(svids, out var identity, out _))
        {
            foreach (var svid in identity.Svids)
                Oracle.Holds(svid.Certificate.HasPrivateKey && svid.Id.Path.Length > 0, "an SVID has an ID and a key");
        }

        if (TryParse(SubscribeToX509BundlesResponse.Parser, input) is { } roots && ResponseReader.TryRead(roots, out var bundles, out _))
            Oracle.Holds(bundles.Select(bundle => bundle.TrustDomain).Distinct().Count() == bundles.Count, "a trust domain has one bundle");
    }

    private static void CheckBundleDocument(byte[] input)
    {
        var domain = new TrustDomain("cluster.local");
        if (BundleDocument.TryParse(domain, input, out var document, out _))
        {
            Oracle.Holds(BundleDocument.TryParse(domain, document.ToJson(), out var again, out _), "what is written is read");
            Oracle.Holds(again!.Bundle.HasSameContent(document.Bundle) && again.Sequence == document.Sequence && again.RefreshHint == document.RefreshHint, "a bundle survives being written");
        }

        if (BundleDocument.TryParseMap(input, out var documents, out _))
            Oracle.Holds(documents.Select(one => one.Bundle.TrustDomain).Distinct().Count() == documents.Count, "a trust domain has one bundle");
        _ = TrustBundle.TryParsePem(domain, System.Text.Encoding.Latin1.GetString(input), out _, out _);
    }

    private static void CheckOwnSvids(byte[] input)
    {
        if (TryParse(Workload.X509SVIDResponse.Parser, input) is not { } response)
            return;
        if (!SvidMessages.TryRead(response.Svids, response.FederatedBundles, out var identity, out _))
            return;
        Oracle.Holds(identity.Svids.Count > 0, "an identity has an SVID");
        Oracle.Holds(identity.Svids.All(svid => identity.Bundles!.Any(bundle => bundle.TrustDomain == svid.Id.TrustDomain)), "an SVID comes with its bundle");
        Oracle.Holds(identity.Bundles!.Select(bundle => bundle.TrustDomain).Distinct().Count() == identity.Bundles!.Count, "a trust domain has one bundle");
    }

    private static T? TryParse<T>(MessageParser<T> parser, byte[] input)
        where T : class, IMessage<T>
    {
        try
        {
            return parser.ParseFrom(input);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    private static byte[]? ReshapeResponse(byte[] input, Random random)
    {
        if (TryParse(SubscribeToX509SVIDsResponse.Parser, input) is not { X509Svids.Count: > 0 } response)
            return null;
        var svid = response.X509Svids[random.Next(response.X509Svids.Count)];
        if (random.Next(3) == 0)
            svid.X509SvidKey = ByteString.CopyFrom(Der.Reshape(svid.X509SvidKey.ToByteArray(), random) ?? []);
        else if (svid.X509Svid?.CertChain is { Count: > 0 } chain)
            chain[0] = ByteString.CopyFrom(Der.Reshape(chain[0].ToByteArray(), random) ?? []);
        return response.ToByteArray();
    }

    private static SubscribeToX509SVIDsResponse Svids() => new()
    {
        X509Svids =
        {
            new X509SVIDWithKey
            {
                X509Svid = new X509SVID
                {
                    CertChain = { ByteString.CopyFrom(TestCertificates.Leaf), ByteString.CopyFrom(TestCertificates.Intermediate) },
                    Id = new SPIFFEID { TrustDomain = "cluster.local", Path = "/ns/default/sa/leaf" },
                },
                X509SvidKey = ByteString.CopyFrom(TestCertificates.LeafKey),
            },
        },
        FederatesWith = { "other.example", "spiffe://third.example" },
    };

    private static byte[] Document()
    {
        if (!TrustBundle.TryParse(new TrustDomain("cluster.local"), TestCertificates.Root, out var bundle, out var error))
            throw new InvalidOperationException(error);
        return new BundleDocument(bundle, 7, TimeSpan.FromMinutes(5)).ToJson();
    }

    private static Workload.X509SVIDResponse OwnResponse() => new()
    {
        Svids =
        {
            new Workload.X509SVID
            {
                SpiffeId = "spiffe://cluster.local/ns/default/sa/leaf",
                X509Svid = ByteString.CopyFrom(TestCertificates.Leaf),
                X509SvidKey = ByteString.CopyFrom(TestCertificates.LeafKey),
                Bundle = ByteString.CopyFrom(TestCertificates.Root),
                Hint = "a",
            },
        },
        FederatedBundles = { ["spiffe://friend"] = ByteString.CopyFrom(TestCertificates.Root) },
    };

    private static SubscribeToX509BundlesResponse Roots() => new()
    {
        CaCertificates = { ["spiffe://cluster.local"] = ByteString.CopyFrom(TestCertificates.Root) },
    };

    // What the signature is over: the signature itself may be written in another way.
    private static string SignedPart(byte[] certificate)
    {
        var reader = new AsnReader(certificate, AsnEncodingRules.BER).ReadSequence();
        return Convert.ToHexString(SHA256.HashData(reader.ReadEncodedValue().Span));
    }
}
