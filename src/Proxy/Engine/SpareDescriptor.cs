using Proxy.Native;

namespace Proxy.Engine;

/// <summary>
/// A descriptor kept for the moment when there is no other left: given up, it lets a waiting connection be accepted
/// and reset, where it would hang otherwise.
/// </summary>
internal sealed class SpareDescriptor : IDisposable
{
    private EventCounter? _held = new();

    /// <summary>False when it is given up already.</summary>
    internal bool TryGiveUp()
    {
        if (_held is null)
            return false;
        _held.Dispose();
        _held = null;
        return true;
    }

    /// <summary>Takes a descriptor again, as soon as there is one.</summary>
    internal void TakeBack()
    {
        try
        {
            _held ??= new EventCounter();
        }
        catch (IOException)
        {
            // Somebody else was faster: until it works there is no spare one, and connections wait.
        }
    }

    public void Dispose() => _held?.Dispose();
}
