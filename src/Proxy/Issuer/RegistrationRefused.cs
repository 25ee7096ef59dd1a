using System.Globalization;
using Proxy.Policy.Documents;

namespace Proxy.Issuer;

/// <summary>Why a file gives no registration entries; caught where files are read, and never further.</summary>
internal sealed class RegistrationRefused(int line, int column, string path, string reason) : Exception(reason)
{
    public RegistrationRefused(ManifestNode node, string reason)
        : this(node.Line, node.Column, node.Path, reason)
    {
    }

    public RegistrationRefused(string reason)
        : this(1, 1, "", reason)
    {
    }

    /// <summary><c>file:line:col: path: reason</c>.</summary>
    public string Describe(string file)
    {
        var place = path.Length == 0 ? "" : $"{path}: ";
        return string.Create(CultureInfo.InvariantCulture, $"{file}:{line}:{column}: {place}{Message}");
    }
}
