using System.Text;
using Proxy.Issuer;
using Proxy.Policy.Documents;
using Proxy.Spiffe;

namespace Proxy.Tests.Issuer;

public sealed class PodFormatTests
{
    // It goes to a terminal or a log, where a second line would be somebody else's.
    [Theory]
    [InlineData("namespace: \"n\\tp\"")]
    [InlineData("namespace: \"n\\nissuer ready: cluster.local\"")]
    [InlineData("namespace: \"n\\e[2J\"")]
    [InlineData("namespace: \"\\u2028\"")]
    public void A_refusal_is_one_line_whatever_a_pod_is_called(string name)
    {
        var file = ManifestReader.Read("pods.yaml", Encoding.UTF8.GetBytes($"apiVersion: v1\nkind: Pod\nmetadata: {{{name}, name: a}}\n"));
        Assert.Empty(file.Faults);

        var refused = Assert.Throws<RegistrationRefused>(() => new PodFormat(new TrustDomain("td"), SpiffeIdTemplate.Default).Read(file));

        Assert.Contains("make no SPIFFE ID", refused.Describe("pods.yaml"), StringComparison.Ordinal);
        Assert.All(refused.Describe("pods.yaml"), one => Assert.InRange(one, ' ', '~'));
    }
}
