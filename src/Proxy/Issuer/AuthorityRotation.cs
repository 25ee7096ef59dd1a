using Proxy.Spiffe.Issuing;

namespace Proxy.Issuer;

/// <summary>Lets the authority do what is due, when it is due.</summary>
internal sealed class AuthorityRotation : IAsyncDisposable
{
    private static readonly TimeSpan AfterFault = TimeSpan.FromSeconds(10);

    private readonly RotatingAuthority _authority;
    private readonly TimeProvider _time;
    private readonly Action<string> _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private bool _isFaulty;

    public AuthorityRotation(RotatingAuthority authority, TimeProvider time, Action<string> log)
    {
        _authority = authority;
        _time = time;
        _log = log;
        _running = Task.Run(RunAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (true)
            await Task.Delay(Advance(), _time, _stop.Token);
    }

    /// <summary>How long to wait until the next time.</summary>
    private TimeSpan Advance()
    {
        try
        {
            if (_authority.Advance())
                _log($"issuer: {_authority}");
            TellFault();
            return BoundedWait.Until(_authority.NextChange, _time);
        }
        catch (AuthorityStoreException e)
        {
            _log($"issuer: the authority could not be replaced, trying again: {e.Message}");
            return AfterFault;
        }
    }

    private void TellFault()
    {
        if (_authority.Fault is { } fault && !_isFaulty)
            _log($"issuer: nothing can be signed: {fault}");
        _isFaulty = _authority.Fault is not null;
    }
}
