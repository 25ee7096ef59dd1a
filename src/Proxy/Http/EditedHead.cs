using System.Buffers;
using Proxy.Policy;

namespace Proxy.Http;

/// <summary>
/// A request's head as it goes on where it is not as it came: with another path, or other header fields. It is written
/// anew out of lines that have been read, so that no value of a rule can become a line of its own.
/// </summary>
internal sealed class EditedHead(GateLimits limits)
{
    private byte[]? _target;
    private byte[]? _head;
    private int _length;

    /// <summary>Valid until <see cref="Release"/>.</summary>
    public ReadOnlyMemory<byte> Bytes => _head.AsMemory(0, _length);

    public void Release()
    {
        Return(ref _target);
        Return(ref _head);
    }

    /// <summary>The target with its path normalised; valid until <see cref="Release"/>.</summary>
    public ReadOnlySpan<byte> Normalise(scoped ReadOnlySpan<byte> target)
    {
        _target = ArrayPool<byte>.Shared.Rent(target.Length);
        return _target.AsSpan(0, NormalPath.Write(target, _target));
    }

    /// <summary>Writes the head; a fault when it grows beyond the limits, or would lose a header at the next proxy.</summary>
    public GateFault Write(ReadOnlySpan<byte> bytes, in RequestHeadParser parser, in RequestHead head, in HeaderActions actions)
    {
        _head = ArrayPool<byte>.Shared.Rent(parser.Length + Growth(actions));
        _length = 0;
        if (parser.IsAbnormal)
        {
            parser.CutRequestLine(bytes, out var before, out var behind);
            Append(before);
            Append(head.Target);
            Append(behind);
        }
        else
            Append(bytes[..(parser.Length - 2 - head.Headers.Length)]);

        var lines = parser.Fields.Count;
        var fault = AppendKept(head.Headers, actions, ref lines);
        AppendAdded(actions, ref lines);
        Append("\r\n"u8);
        if (fault != GateFault.None)
            return fault;
        return lines > limits.MaxHeaders ? GateFault.TooManyHeaders
            : _length > limits.MaxHeadBytes ? GateFault.HeadTooLarge : GateFault.None;
    }

    private static int Growth(in HeaderActions actions)
    {
        var growth = 0;
        foreach (var action in actions)
            growth += action.Name.Length + action.Value.Length + ": \r\n".Length;
        return growth;
    }

    private GateFault AppendKept(ReadOnlySpan<byte> headers, in HeaderActions actions, ref int lines)
    {
        while (!headers.IsEmpty)
        {
            var end = headers.IndexOf((byte)'\n') + 1;
            var line = headers[..end];
            headers = headers[end..];
            var name = line[..line.IndexOf((byte)':')];
            if (System.Text.Ascii.EqualsIgnoreCase(name, "connection"u8) && NamesAdded(line[(name.Length + 1)..], actions))
                return GateFault.BadConnectionHeader;
            if (IsRemoved(name, actions))
                lines--;
            else
                Append(line);
        }

        return GateFault.None;
    }

    // A server that is itself a proxy drops what the Connection header lists: the client must not undo what policy adds.
    private static bool NamesAdded(ReadOnlySpan<byte> options, in HeaderActions actions)
    {
        foreach (var range in options.Split((byte)','))
        {
            foreach (var action in actions)
            {
                if (action.Kind is HeaderActionKind.Add or HeaderActionKind.Replace && action.IsAbout(options[range].Trim(" \t\r\n"u8)))
                    return true;
            }
        }

        return false;
    }

    private static bool IsRemoved(ReadOnlySpan<byte> name, in HeaderActions actions)
    {
        foreach (var action in actions)
        {
            if (action.Kind is HeaderActionKind.Delete or HeaderActionKind.Replace && action.IsAbout(name))
                return true;
        }

        return false;
    }

    private void AppendAdded(in HeaderActions actions, ref int lines)
    {
        var index = 0;
        foreach (var action in actions)
        {
            if (action.Kind is HeaderActionKind.Add or HeaderActionKind.Replace && !IsSuperseded(action, index, actions))
            {
                Append(action.Name.Span);
                Append(": "u8);
                Append(action.Value.Span);
                Append("\r\n"u8);
                lines++;
            }

            index++;
        }
    }

    // A later removal takes what was added before it; two rules that want the same line get one.
    private static bool IsSuperseded(HeaderAction added, int index, in HeaderActions actions)
    {
        var other = 0;
        foreach (var action in actions)
        {
            if (other++ <= index || !action.IsAbout(added.Name.Span))
                continue;
            if (action.Kind is HeaderActionKind.Delete or HeaderActionKind.Replace
                || (action.Kind == HeaderActionKind.Add && action.Value.Span.SequenceEqual(added.Value.Span)))
                return true;
        }

        return false;
    }

    private void Append(ReadOnlySpan<byte> part)
    {
        part.CopyTo(_head.AsSpan(_length));
        _length += part.Length;
    }

    // What a header holds may be a secret: it does not stay behind in the pool.
    private static void Return(ref byte[]? rented)
    {
        if (rented is null)
            return;
        ArrayPool<byte>.Shared.Return(rented, clearArray: true);
        rented = null;
    }
}
