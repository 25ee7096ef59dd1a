namespace Proxy.Policy;

/// <summary>The document and the rule in it that decided.</summary>
/// <param name="Kind">For instance <c>CiliumNetworkPolicy</c>.</param>
/// <param name="Namespace">The document's namespace; empty for a document of the cluster.</param>
/// <param name="Name">The document's name.</param>
/// <param name="RulePath">For instance <c>spec.ingress[0]</c>; for a refused document the path of its first fault.</param>
public sealed record RuleReference(string Kind, string Namespace, string Name, string RulePath)
{
    /// <summary><c>Kind namespace/name: path</c>; a document of the cluster has no namespace.</summary>
    public override string ToString() => Namespace.Length == 0 ? $"{Kind} {Name}: {RulePath}" : $"{Kind} {Namespace}/{Name}: {RulePath}";
}
