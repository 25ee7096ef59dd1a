using System.Globalization;
using System.Text;

namespace Fuzz;

/// <summary>Changes inputs: bytes, words of the format, numbers, lines, and pieces of other inputs.</summary>
internal sealed class Mutator(FuzzTarget target, Random random)
{
    private static readonly byte[] EdgeBytes = [0, 1, 9, 10, 13, 31, 32, 34, 47, 58, 127, 128, 192, 254, 255];

    private static readonly string[] EdgeNumbers =
        ["0", "00", "-1", "1", "255", "256", "65535", "65536", "2147483647", "2147483648", "4294967296", "9223372036854775807", "9223372036854775808", "99999999999999999999"];

    public byte[] Mutate(byte[] input, byte[] other)
    {
        if (target.Reshape is not null && random.Next(2) == 0 && target.Reshape(input, random) is { } reshaped)
        {
            if (random.Next(3) > 0)
                return Cut(reshaped);
            input = reshaped;
        }

        var bytes = new List<byte>(input);
        for (var count = 1 << random.Next(4); count > 0; count--)
            MutateOnce(bytes, other);
        return Cut([.. bytes]);
    }

    private byte[] Cut(byte[] input) => input.Length <= target.MaxLength ? input : input[..target.MaxLength];

    private void MutateOnce(List<byte> bytes, byte[] other)
    {
        var at = random.Next(bytes.Count + 1);
        var length = Math.Min(1 << random.Next(6), bytes.Count - at);
        switch (random.Next(11))
        {
            case 0 when at < bytes.Count:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when at < bytes.Count:
                bytes[at] = EdgeBytes[random.Next(EdgeBytes.Length)];
                break;
            case 2 when at < bytes.Count:
                bytes[at] = (byte)random.Next(256);
                break;
            case 3:
                bytes.RemoveRange(at, length);
                break;
            case 4:
                bytes.InsertRange(random.Next(bytes.Count + 1), bytes.GetRange(at, length));
                break;
            case 5:
                bytes.InsertRange(at, Enumerable.Repeat((byte)random.Next(256), 1 << random.Next(9)));
                break;
            case 6:
                Splice(bytes, at, other);
                break;
            case 7:
                ChangeNumber(bytes, at);
                break;
            case 8:
                ChangeLines(bytes);
                break;
            default:
                PutWord(bytes, at);
                break;
        }
    }

    private void Splice(List<byte> bytes, int at, byte[] other)
    {
        var from = random.Next(other.Length + 1);
        var piece = other.AsSpan(from, random.Next(other.Length - from + 1));
        bytes.RemoveRange(at, random.Next(bytes.Count - at + 1));
        bytes.InsertRange(at, piece);
    }

    private void ChangeNumber(List<byte> bytes, int at)
    {
        var start = bytes.FindIndex(at, IsDigit);
        if (start < 0)
            return;
        var end = start;
        while (end < bytes.Count && IsDigit(bytes[end]))
            end++;
        var near = long.TryParse(Encoding.ASCII.GetString([.. bytes[start..end]]), out var number) && random.Next(2) == 0
            ? (number + random.Next(-2, 3)).ToString(CultureInfo.InvariantCulture)
            : EdgeNumbers[random.Next(EdgeNumbers.Length)];
        bytes.RemoveRange(start, end - start);
        bytes.InsertRange(start, Encoding.ASCII.GetBytes(near));
    }

    // A line is moved, doubled, dropped, or pushed in.
    private void ChangeLines(List<byte> bytes)
    {
        var start = bytes.FindIndex(random.Next(bytes.Count + 1), IsNewline) + 1;
        var end = bytes.FindIndex(start, IsNewline) + 1;
        if (end <= start)
            return;
        var line = bytes.GetRange(start, end - start);
        var action = random.Next(4);
        if (action is 0 or 1)
            bytes.RemoveRange(start, end - start);
        if (action is 1 or 2)
            bytes.InsertRange(bytes.FindIndex(random.Next(bytes.Count + 1), IsNewline) + 1, line);
        if (action == 3)
            bytes.InsertRange(start, "  "u8);
    }

    private void PutWord(List<byte> bytes, int at)
    {
        if (target.Words.Count == 0)
            return;
        var word = target.Words[random.Next(target.Words.Count)];
        if (random.Next(2) == 0)
            bytes.RemoveRange(at, Math.Min(word.Length, bytes.Count - at));
        bytes.InsertRange(at, word);
    }

    private static bool IsDigit(byte value) => value is >= (byte)'0' and <= (byte)'9';

    private static bool IsNewline(byte value) => value == '\n';
}
