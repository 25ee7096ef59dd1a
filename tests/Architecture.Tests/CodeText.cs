using System.Text;

namespace Architecture.Tests;

/// <summary>C# text with comments and the contents of strings blanked out; lines stay where they are.</summary>
internal static class CodeText
{
    public static string Of(string source)
    {
        var code = new StringBuilder(source.Length);
        for (var i = 0; i < source.Length;)
        {
            var end = EndOfBlank(source, i);
            if (end == i)
                code.Append(source[i++]);
            for (; i < end; i++)
                code.Append(source[i] == '\n' ? '\n' : ' ');
        }

        return code.ToString();
    }

    // The end of the comment or literal that begins here; the same index if none does.
    private static int EndOfBlank(string text, int i)
    {
        var rest = text.AsSpan(i);
        if (rest.StartsWith("//"))
            return After(text, "\n", i) - 1;
        if (rest.StartsWith("/*"))
            return After(text, "*/", i + 2);
        if (rest.StartsWith("\"\"\""))
            return EndOfRaw(text, i);
        if (rest.StartsWith("@\"") || rest.StartsWith("$@\"") || rest.StartsWith("@$\""))
            return EndOfVerbatim(text, text.IndexOf('"', i) + 1);
        return rest[0] is '"' or '\'' ? EndOfPlain(text, i) : i;
    }

    private static int EndOfRaw(string text, int i)
    {
        var quotes = 0;
        while (i + quotes < text.Length && text[i + quotes] == '"')
            quotes++;
        return After(text, new string('"', quotes), i + quotes);
    }

    private static int EndOfVerbatim(string text, int i)
    {
        while (i < text.Length)
        {
            if (text[i] == '"' && (i + 1 == text.Length || text[i + 1] != '"'))
                return i + 1;
            i += text[i] == '"' ? 2 : 1;
        }

        return text.Length;
    }

    private static int EndOfPlain(string text, int start)
    {
        for (var i = start + 1; i < text.Length; i++)
        {
            if (text[i] == '\\')
                i++;
            else if (text[i] == text[start] || text[i] == '\n')
                return i + 1;
        }

        return text.Length;
    }

    private static int After(string text, string mark, int from)
    {
        var found = from > text.Length ? -1 : text.IndexOf(mark, from, StringComparison.Ordinal);
        return found < 0 ? text.Length + (mark == "\n" ? 1 : 0) : found + mark.Length;
    }
}
