using Microsoft.Win32.SafeHandles;

namespace Proxy.Commands.Observe;

/// <summary>Standard output that says when its reader is gone, which <see cref="Console"/> keeps to itself.</summary>
internal static class StandardOutput
{
    private const int FileDescriptor = 1;

    public static TextWriter Open()
    {
        var stream = new FileStream(new SafeFileHandle(FileDescriptor, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        // A file has no reader to lose, and a stream of our own would not move the offset that others share.
        return stream.CanSeek ? Console.Out : new StreamWriter(stream);
    }
}
