namespace Lab.Traffic;

/// <summary>The kinds of conversations by the server's port.</summary>
public static class TrafficPorts
{
    public const int Http = 80;
    public const int Echo = 9001;
    public const int Upload = 9002;
    public const int ServerFirst = 9003;
    public const int Download = 9004;

    public static IReadOnlyList<int> Opaque => [Echo, Upload, ServerFirst, Download];
}
