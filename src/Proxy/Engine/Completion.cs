using System.Threading.Tasks.Sources;

namespace Proxy.Engine;

/// <summary>
/// A reusable promise of one operation of a leg. Completing it resumes the awaiting lane inline, on the worker:
/// no scheduling context is ever captured.
/// </summary>
internal sealed class Completion<T> : IValueTaskSource<T>, IValueTaskSource
{
    private ManualResetValueTaskSourceCore<T> _core;

    internal bool IsArmed { get; private set; }

    internal ValueTask<T> Arm()
    {
        Prepare();
        return new ValueTask<T>(this, _core.Version);
    }

    internal ValueTask ArmUntyped()
    {
        Prepare();
        return new ValueTask(this, _core.Version);
    }

    internal void Complete(T result)
    {
        IsArmed = false;
        _core.SetResult(result);
    }

    T IValueTaskSource<T>.GetResult(short token) => _core.GetResult(token);

    void IValueTaskSource.GetResult(short token) => _core.GetResult(token);

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, ValueTaskSourceOnCompletedFlags.None);

    private void Prepare()
    {
        if (IsArmed)
            throw new InvalidOperationException("An operation of this kind is already under way.");
        _core.Reset();
        IsArmed = true;
    }
}
