namespace Proxy.Policy.Documents;

/// <summary>Leaves the reader at the first fault; never leaves this room.</summary>
internal sealed class ManifestRefused(long line, long column, string path, string reason, string hint = "")
    : Exception(reason)
{
    public ManifestFault ToFault(string file) =>
        new(file, (int)Math.Clamp(line, 1, int.MaxValue), (int)Math.Clamp(column, 1, int.MaxValue), "", path, Message, hint);
}
