using System.IO.MemoryMappedFiles;

namespace Fuzz;

/// <summary>The input under way, in a file that outlives a process that overflows its stack or must be ended.</summary>
internal sealed class LastInput : IDisposable
{
    private const int Capacity = 1 << 20;

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;

    public LastInput(string path)
    {
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Create, null, Capacity);
        _view = _file.CreateViewAccessor();
    }

    public void Set(byte[] input)
    {
        _view.Write(0, input.Length);
        _view.WriteArray(sizeof(int), input, 0, Math.Min(input.Length, Capacity - sizeof(int)));
    }

    /// <summary>Empty when the process did not come as far as its first input.</summary>
    public static byte[] Read(string path)
    {
        if (!File.Exists(path))
            return [];
        var bytes = File.ReadAllBytes(path);
        return bytes[sizeof(int)..(sizeof(int) + BitConverter.ToInt32(bytes))];
    }

    public void Dispose()
    {
        _view.Dispose();
        _file.Dispose();
    }
}
