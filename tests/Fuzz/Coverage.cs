using System.Numerics;
using System.Runtime.InteropServices;
using SharpFuzz.Common;

namespace Fuzz;

/// <summary>
/// Which branches the instrumented assemblies took, as AFL counts them. Without instrumentation nothing is ever new, and
/// the fuzzer mutates its seeds only.
/// </summary>
internal sealed unsafe class Coverage
{
    private const int Size = 1 << 16;

    // Kept until the process ends: instrumented code of any thread may write to it.
    private static readonly byte* Map = (byte*)NativeMemory.AllocZeroed(Size);

    private readonly byte[] _seen = new byte[Size];

    public int Edges { get; private set; }

    /// <summary>Before anything of an instrumented assembly runs.</summary>
    public static void Attach() => Trace.SharedMem = Map;

    public static void Begin()
    {
        new Span<byte>(Map, Size).Clear();
        Trace.PrevLocation = 0;
    }

    /// <summary>Whether the last input took a branch that none took before, or took one much more often.</summary>
    public bool FindNew()
    {
        var isNew = false;
        var words = new ReadOnlySpan<ulong>(Map, Size / sizeof(ulong));
        for (var i = words.IndexOfAnyExcept(0ul); i < words.Length && i >= 0; i++)
        {
            if (words[i] != 0)
                isNew |= FindNew(i * sizeof(ulong));
        }

        return isNew;
    }

    private bool FindNew(int start)
    {
        var isNew = false;
        for (var i = start; i < start + sizeof(ulong); i++)
        {
            // Counts in powers of two: once more than before is not news.
            var bucket = Map[i] == 0 ? 0 : 1 << BitOperations.Log2(Map[i]);
            if ((_seen[i] | bucket) == _seen[i])
                continue;
            Edges += _seen[i] == 0 ? 1 : 0;
            _seen[i] |= (byte)bucket;
            isNew = true;
        }

        return isNew;
    }
}
