using Proxy.Lifetime;
using Proxy.Native;
using Proxy.Policy;
using Proxy.Spiffe.X509;

namespace Proxy.Tests.Lifetime;

/// <summary>A reason says what happened, and nothing else.</summary>
public sealed class OutcomeReasonsTests
{
    // Errno as connect(2) and bind(2) give it.
    public static TheoryData<int, string> Errnos => new()
    {
        { 111, nameof(OutcomeReason.ServerRefused) }, // ECONNREFUSED
        { 104, nameof(OutcomeReason.ServerRefused) }, // ECONNRESET
        { 110, nameof(OutcomeReason.ServerTimedOut) }, // ETIMEDOUT
        { 101, nameof(OutcomeReason.ServerUnreachable) }, // ENETUNREACH
        { 113, nameof(OutcomeReason.ServerUnreachable) }, // EHOSTUNREACH
        { 112, nameof(OutcomeReason.ServerUnreachable) }, // EHOSTDOWN
        { 97, nameof(OutcomeReason.ServerUnreachable) }, // EAFNOSUPPORT: a namespace without IPv6
        { 13, nameof(OutcomeReason.ServerUnreachable) }, // EACCES: a prohibiting route
        { 23, nameof(OutcomeReason.OutOfResources) }, // ENFILE
        { 24, nameof(OutcomeReason.OutOfResources) }, // EMFILE
        { 12, nameof(OutcomeReason.OutOfResources) }, // ENOMEM
        { 105, nameof(OutcomeReason.OutOfResources) }, // ENOBUFS
        { 98, nameof(OutcomeReason.OutOfResources) }, // EADDRINUSE: every port of this client is taken
        { 99, nameof(OutcomeReason.OutOfResources) }, // EADDRNOTAVAIL: no port left towards this server
    };

    [Theory]
    [MemberData(nameof(Errnos))]
    public void What_the_kernel_says_of_a_dial_becomes_its_reason(int errno, string reason) =>
        Assert.Equal(reason, OutcomeReasons.From(SocketFaults.FromErrno(errno)).ToString());

    [Fact]
    public void Every_fault_of_a_certificate_is_about_identity() =>
        Assert.All(Enum.GetValues<SvidFault>(), fault => Assert.True(OutcomeReasons.From(fault).IsAboutIdentity()));

    [Fact]
    public void No_refusing_verdict_becomes_another_sides_fault() =>
        Assert.Equal(
            [OutcomeReason.PolicyDenied, OutcomeReason.AuthenticationRequired, OutcomeReason.PolicyUnreadable, OutcomeReason.AuthenticationRequired],
            new[] { VerdictReason.DefaultDeny, VerdictReason.AuthenticationRequired, VerdictReason.DocumentRefused, VerdictReason.AlwaysFails }.Select(OutcomeReasons.From));
}
