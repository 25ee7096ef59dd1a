using System.Globalization;
using System.Text;

namespace Proxy.Policy.Documents;

/// <summary>Why a manifest, or one document of it, is refused.</summary>
/// <param name="File">The file as it was named to the reader.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1.</param>
/// <param name="Document">For instance <c>CiliumNetworkPolicy default/rule1</c>; empty when none could be read.</param>
/// <param name="Path">The place in the document, for instance <c>spec.ingress[0].toPorts[1].rules</c>.</param>
/// <param name="Reason">One sentence without a full stop.</param>
/// <param name="Hint">What was probably meant; empty if nothing suggests itself.</param>
public sealed record ManifestFault(
    string File, int Line, int Column, string Document, string Path, string Reason, string Hint)
{
    /// <summary><c>file:line:col: document: path: reason (hint)</c>, on one line whatever the manifest contains.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{File}:{Line}:{Column}: ");
        if (Document.Length > 0)
            text.Append(Document).Append(": ");
        if (Path.Length > 0)
            text.Append(Path).Append(": ");
        text.Append(Reason);
        if (Hint.Length > 0)
            text.Append(" (").Append(Hint).Append(')');
        return text.ToString();
    }
}
