using Proxy.Tls;

namespace Proxy.Tests.Tls;

public sealed class TlsEnginesTests
{
    private const string Fault = "libssl.so.3 cannot be loaded; install OpenSSL 3 (Debian: the package libssl3)";

    [Fact]
    public void What_was_asked_for_is_taken()
    {
        Assert.Equal((TlsEngine.SslStream, ""), TlsEngines.Choose(TlsEngine.SslStream));
        var (engine, note) = TlsEngines.Choose(TlsEngine.LibSsl);
        Assert.Equal(TlsEngine.LibSsl, engine);
        Assert.StartsWith("OpenSSL 3.", note, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_word_it_is_libssl() => Assert.Equal(TlsEngine.LibSsl, TlsEngines.Choose(null).Engine);

    [Fact]
    public void Libssl_that_was_not_asked_for_and_does_not_work_is_replaced_and_that_is_said()
    {
        var (engine, note) = TlsEngines.Choose(null, Fault);
        Assert.Equal(TlsEngine.SslStream, engine);
        Assert.Contains(Fault, note, StringComparison.Ordinal);
    }

    [Fact]
    public void Libssl_that_was_asked_for_and_does_not_work_is_a_refused_start_with_a_remedy()
    {
        var refused = Assert.Throws<IOException>(() => TlsEngines.Choose(TlsEngine.LibSsl, Fault));
        Assert.Contains("libssl3", refused.Message, StringComparison.Ordinal);
        Assert.Contains("--tls sslstream", refused.Message, StringComparison.Ordinal);
    }
}
