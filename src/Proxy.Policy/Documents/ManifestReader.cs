using System.Buffers;
using System.Text.Unicode;
using YamlDotNet.Core;

namespace Proxy.Policy.Documents;

/// <summary>
/// Reads a file of YAML documents. A file that cannot be read as a whole yields one fault and no document: half a
/// file would be a policy that nobody wrote.
/// </summary>
public static class ManifestReader
{
    /// <summary>The largest file in bytes.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    /// <summary>The deepest nesting; the root has depth 1.</summary>
    public const int MaxDepth = 64;

    /// <summary>The most values (mappings, sequences, scalars and keys) in one file.</summary>
    public const int MaxNodes = 1_000_000;

    /// <summary>
    /// Reads one file. Refused, with a fault and without documents: invalid UTF-8, control characters, syntax errors,
    /// duplicate keys, aliases, merge keys, tags, anything beyond the limits. Items of a <c>List</c> become documents.
    /// </summary>
    /// <param name="file">The name that faults carry.</param>
    /// <param name="content">The bytes of the file.</param>
    public static ManifestFile Read(string file, ReadOnlyMemory<byte> content) => Read(file, content, goesOn: false);

    /// <summary>
    /// The same, but a key that is written twice, an alias, a merge key or a tag refuses the document that has it, not the file:
    /// it has <see cref="ManifestDocument.Faults"/>, and must not be used. What leaves open what kind of document it is
    /// refuses the file.
    /// </summary>
    /// <param name="file">The name that faults carry.</param>
    /// <param name="content">The bytes of the file.</param>
    public static ManifestFile ReadEach(string file, ReadOnlyMemory<byte> content) => Read(file, content, goesOn: true);

    private static ManifestFile Read(string file, ReadOnlyMemory<byte> content, bool goesOn)
    {
        try
        {
            var builder = new ManifestTreeBuilder(new Scanner(new StringReader(EndLine(Decode(content.Span)))), goesOn);
            var documents = ManifestList.Expand(file, builder.Build());
            return new ManifestFile(TreeFault.Attribute(documents, builder.Noted), []);
        }
        catch (ManifestRefused refused)
        {
            return new ManifestFile([], [refused.ToFault(file)]);
        }
    }

    private static string Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaxBytes)
            throw new ManifestRefused(1, 1, "", $"the file is larger than {MaxBytes} bytes");

        if (bytes.StartsWith("\uFEFF"u8))
            bytes = bytes[3..];

        var chars = new char[bytes.Length];
        var status = Utf8.ToUtf16(bytes, chars, out var read, out var written, replaceInvalidSequences: false);
        var text = new string(chars, 0, written);
        if (status != OperationStatus.Done)
            throw At(text, text.Length, $"byte 0x{bytes[read]:x2} is not valid UTF-8");

        RefuseControlCharacters(text);
        return text;
    }

    // The YAML reader looks for the end of a directive that it does not know until there is a line break; where there is none,
    // and the text ends with its buffer of 1,024 characters, it counts up to two thousand million. Only where the last line may be one, since a line break more may be one more in a text.
    private static string EndLine(string text) =>
        text.AsSpan(text.AsSpan().LastIndexOfAny('\n', '\r') + 1).Contains('%') ? text + "\n" : text;

    // The YAML reader takes a NUL for the end of the file, and would drop the documents behind it.
    private static void RefuseControlCharacters(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c is >= ' ' and < '\u007f' or '\n' or '\r' or '\t' or '\u0085' or (>= '\u00a0' and < '\ufffe'))
                continue;

            throw At(text, i, $"the control character U+{(int)c:X4} is not allowed");
        }
    }

    private static ManifestRefused At(string text, int index, string reason)
    {
        var before = text.AsSpan(0, index);
        return new ManifestRefused(before.Count('\n') + 1, index - before.LastIndexOf('\n'), "", reason);
    }
}
