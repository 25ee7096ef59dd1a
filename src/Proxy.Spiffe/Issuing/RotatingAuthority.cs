using System.Runtime.Versioning;
using System.Security.Cryptography.X509Certificates;
using Proxy.Spiffe.X509;

namespace Proxy.Spiffe.Issuing;

/// <summary>
/// An authority that replaces itself with overlap, so that nobody ever meets an SVID whose root is not known to him: at half
/// of its lifetime the next one is made and published, at five sixths that one signs, and the former is published until
/// it expires. Kept in a directory, it goes on after a restart where it was.
/// </summary>
[UnsupportedOSPlatform("windows")]
public sealed class RotatingAuthority : IDisposable
{
    /// <summary>An SVID lives at most this part of its authority, so that it never has to be cut short.</summary>
    public const int SvidsPerAuthority = 6;

    private readonly string _directory;
    private readonly TimeSpan _lifetime;
    private readonly TimeProvider _time;
    private readonly IDisposable _held;
    private volatile Generation _current;

    private RotatingAuthority(string directory, TimeSpan lifetime, TimeProvider time, Generation current, IDisposable held)
    {
        _held = held;
        _directory = directory;
        _lifetime = lifetime;
        _time = time;
        _current = current;
    }

    /// <summary>The trust domain that is signed for; no other.</summary>
    public TrustDomain TrustDomain => _current.Active.TrustDomain;

    /// <summary>The roots that are to be believed: of the authority that signs, of the next, of former ones.</summary>
    public TrustBundle Bundle => _current.Bundle;

    /// <summary>How long an authority is valid that is made from now on.</summary>
    public TimeSpan Lifetime => _lifetime;

    /// <summary>Grows whenever <see cref="Bundle"/> has changed, over restarts too (<c>spiffe_sequence</c>).</summary>
    public ulong Sequence => _current.Sequence;

    /// <summary>The end of the authority that signs now.</summary>
    public DateTimeOffset ExpiresAt => _current.Active.ExpiresAt;

    /// <summary>When something is to be done, if nothing else comes before.</summary>
    public DateTimeOffset NextChange => _current.NextChange;

    /// <summary>Why nothing can be signed now; null when it can: a clock that was set may be before or behind the authority's time.</summary>
    internal string? Fault
    {
        get
        {
            var active = _current.Active;
            return active.IsValidAt(_time.GetUtcNow()) ? null : $"the {active} is not valid at {_time.GetUtcNow():u}, which the clock says";
        }
    }

    /// <summary>Completes when <see cref="Bundle"/> is replaced.</summary>
    public Task Replaced => _current.Replaced.Task;

    /// <summary>Reads what is kept in the directory, or makes an authority, and does what is due.</summary>
    /// <param name="directory">Only its owner may enter it; made if it is missing.</param>
    /// <param name="trustDomain">Whom to sign for.</param>
    /// <param name="lifetime">Of authorities that are made from now on.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="AuthorityStoreException">The directory is not safe, or holds no valid authority of this trust domain.</exception>
    public static RotatingAuthority Open(string directory, TrustDomain trustDomain, TimeSpan lifetime, TimeProvider time)
    {
        var held = AuthorityStore.Hold(directory);
        try
        {
            var active = AuthorityStore.Open(directory, trustDomain, time, lifetime);
            var next = AuthorityStore.OpenNext(directory, trustDomain, time);
            var first = new Generation(active, next, AuthorityStore.ReadRetired(directory, active, time));
            first.Sequence = AuthorityStore.NextSequence(directory, first.Bundle);
            var authority = new RotatingAuthority(directory, lifetime, time, first, held);
            authority.Advance();
            return authority;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Makes a key and signs an SVID for it with the authority that signs now.</summary>
    /// <exception cref="ArgumentException">The ID is of another trust domain, or has no path.</exception>
    public IssuedSvid Issue(SpiffeId id, TimeSpan lifetime) => _current.Active.Issue(id, lifetime);

    /// <summary>The bundle with its own sequence, of one moment, as endpoints publish it.</summary>
    public BundleDocument CreateDocument(TimeSpan refreshHint)
    {
        var current = _current;
        return new BundleDocument(current.Bundle, current.Sequence, refreshHint);
    }

    /// <summary>Does what is due; tells whether the bundle has changed. Called by one thread at a time.</summary>
    /// <exception cref="AuthorityStoreException">It could not be kept; nothing has changed, and it is tried again when called again.</exception>
    public bool Advance()
    {
        var before = _current;
        var now = _time.GetUtcNow();
        var current = before;
        if (current.Next is null && now >= current.PreparesAt)
            current = new Generation(current.Active, AuthorityStore.CreateNext(_directory, TrustDomain, _time, _lifetime), current.Retired);
        if (current.Next is { } next && now >= current.ActivatesAt)
        {
            AuthorityStore.ActivateNext(_directory, current.Active, next);
            current = new Generation(next, null, AuthorityStore.ReadRetired(_directory, next, _time));
        }
        else if (current.Retired.Any(retired => now >= Validity.End(retired)))
        {
            current = new Generation(current.Active, current.Next, AuthorityStore.ReadRetired(_directory, current.Active, _time));
        }

        if (ReferenceEquals(current, before))
            return false;
        current.Sequence = AuthorityStore.NextSequence(_directory, current.Bundle);
        // The former's key may still be at work for a stream; it goes with the last who holds it.
        _current = current;
        before.Replaced.TrySetResult();
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _current.Active.Dispose();
        _current.Next?.Dispose();
        _held.Dispose();
    }

    /// <inheritdoc/>
    public override string ToString() => $"{_current.Active}, {_current.Bundle.Roots.Count} roots";

    private sealed class Generation
    {
        public Generation(CertificateAuthority active, CertificateAuthority? next, IReadOnlyList<X509Certificate2> retired)
        {
            Active = active;
            Next = next;
            Retired = retired;
            X509Certificate2[] upcoming = next is null ? [] : [PublicPart(next)];
            Bundle = new TrustBundle(active.TrustDomain, [PublicPart(active), .. upcoming, .. retired]);
            var lifetime = active.ExpiresAt - active.CreatedAt;
            PreparesAt = active.CreatedAt + (lifetime / 2);
            ActivatesAt = ActivationOf(active, next, lifetime);
            var step = next is null ? PreparesAt : ActivatesAt;
            NextChange = retired.Select(Validity.End).Append(step).Min();
        }

        public CertificateAuthority Active { get; }

        public CertificateAuthority? Next { get; }

        public IReadOnlyList<X509Certificate2> Retired { get; }

        public TrustBundle Bundle { get; }

        public ulong Sequence { get; set; }

        public DateTimeOffset PreparesAt { get; }

        public DateTimeOffset ActivatesAt { get; }

        public DateTimeOffset NextChange { get; }

        public TaskCompletionSource Replaced { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        // Whoever was away at half time publishes late; then too the next root must have come to everybody before it is used.
        private static DateTimeOffset ActivationOf(CertificateAuthority active, CertificateAuthority? next, TimeSpan lifetime)
        {
            var due = active.CreatedAt + (lifetime * 5 / 6);
            var published = next is null ? due : next.CreatedAt + (lifetime / 12);
            var later = published > due ? published : due;
            return later < active.ExpiresAt ? later : active.ExpiresAt;
        }

        // Who reads the bundle must not come by the key.
        private static X509Certificate2 PublicPart(CertificateAuthority authority) =>
            X509CertificateLoader.LoadCertificate(authority.RootCertificate.Span);
    }
}
