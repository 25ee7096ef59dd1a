using System.Text;

namespace Proxy.Policy.Documents;

/// <summary>How places in a document are written.</summary>
internal static class ManifestPath
{
    /// <summary>The path of a key below another path.</summary>
    public static string Of(string parent, string key)
    {
        var path = new StringBuilder(parent);
        AppendKey(path, key);
        return path.ToString();
    }

    /// <summary>Plain keys follow a dot; keys with dots, slashes or blanks of their own are quoted.</summary>
    public static void AppendKey(StringBuilder path, string key)
    {
        if (key.Length == 0 || !key.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
            path.Append("['").Append(ManifestText.Show(key)).Append("']");
        else if (path.Length == 0)
            path.Append(ManifestText.Show(key));
        else
            path.Append('.').Append(ManifestText.Show(key));
    }
}
