using System.Formats.Asn1;

namespace Fuzz;

/// <summary>Changes one element of a DER text and keeps the lengths around it right.</summary>
internal static class Der
{
    /// <summary>Null for what is not DER at all.</summary>
    public static byte[]? Reshape(byte[] der, Random random)
    {
        try
        {
            return Change(der, random, random.Next(12));
        }
        catch (AsnContentException)
        {
            return null;
        }
    }

    // Goes down a random way, and changes what it stands at when the depth is used up.
    private static byte[] Change(ReadOnlySpan<byte> siblings, Random random, int depth)
    {
        var elements = Split(siblings);
        if (elements.Count == 0)
            return RandomElement(random);
        var chosen = random.Next(elements.Count);
        var (tag, content) = elements[chosen];
        var isConstructed = (tag & 0x20) != 0 || (tag is 4 && IsDer(content));
        if (depth > 0 && isConstructed)
            elements[chosen] = (tag, Change(content, random, depth - 1));
        else
            ChangeAt(elements, chosen, random);
        return [.. elements.SelectMany(element => Encode(element.Tag, element.Content))];
    }

    private static void ChangeAt(List<(byte Tag, byte[] Content)> elements, int at, Random random)
    {
        var (tag, content) = elements[at];
        switch (random.Next(6))
        {
            case 0:
                elements.RemoveAt(at);
                break;
            case 1:
                elements.Insert(random.Next(elements.Count + 1), elements[at]);
                break;
            case 2:
                elements[at] = (tag, content[..random.Next(content.Length + 1)]);
                break;
            case 3 when content.Length > 0:
                content[random.Next(content.Length)] ^= (byte)(1 << random.Next(8));
                break;
            case 4:
                elements[at] = ((byte)random.Next(256), content);
                break;
            default:
                elements[at] = (tag, [.. content, .. content]);
                break;
        }
    }

    private static byte[] RandomElement(Random random) => Encode((byte)random.Next(256), new byte[random.Next(8)]);

    private static bool IsDer(byte[] content)
    {
        try
        {
            return Split(content).Count > 0;
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    private static List<(byte Tag, byte[] Content)> Split(ReadOnlySpan<byte> siblings)
    {
        var elements = new List<(byte, byte[])>();
        while (!siblings.IsEmpty)
        {
            AsnDecoder.ReadEncodedValue(siblings, AsnEncodingRules.DER, out var offset, out var length, out var consumed);
            elements.Add((siblings[0], siblings.Slice(offset, length).ToArray()));
            siblings = siblings[consumed..];
        }

        return elements;
    }

    private static byte[] Encode(byte tag, byte[] content) => content.Length switch
    {
        < 128 => [tag, (byte)content.Length, .. content],
        < 256 => [tag, 0x81, (byte)content.Length, .. content],
        _ => [tag, 0x82, (byte)(content.Length >> 8), (byte)content.Length, .. content],
    };
}
