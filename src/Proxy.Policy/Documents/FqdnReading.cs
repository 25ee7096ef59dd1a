namespace Proxy.Policy.Documents;

/// <summary>Checks names of hosts, which are understood and not supported yet.</summary>
internal sealed class FqdnReading(FaultLog faults)
{
    private const int MaxLength = 255;
    private static readonly KeySchema Entry = new(["matchName", "matchPattern"], []);

    /// <summary>Items of <c>toFQDNs</c> or of <c>rules.dns</c>.</summary>
    public void Check(ManifestNode list)
    {
        foreach (var item in list.AsItems(faults))
        {
            if (item.AsMapping(faults) is { } entry)
                CheckEntry(entry);
        }
    }

    private void CheckEntry(ManifestMapping entry)
    {
        Entry.Check(entry, faults);
        var name = entry.Find("matchName");
        var pattern = entry.Find("matchPattern");
        if (name is not null && pattern is not null)
            faults.Add(entry, "matchName and matchPattern cannot stand in one entry", "write two entries");

        CheckText(name, "not a host name: letters, digits, '-', '_' and '.'", "");
        CheckText(pattern, "not a pattern of host names: letters, digits, '-', '_', '.' and '*'", "*");
    }

    private void CheckText(ManifestNode? node, string reason, string alsoAllowed)
    {
        if (node?.AsText(faults) is not { } text)
            return;

        if (text.Length > MaxLength)
            faults.Add(node, $"longer than {MaxLength} characters");
        else if (!text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' || alsoAllowed.Contains(c)))
            faults.Add(node, reason, text.Contains('*') && alsoAllowed.Length == 0 ? "did you mean 'matchPattern'?" : "");
    }
}
