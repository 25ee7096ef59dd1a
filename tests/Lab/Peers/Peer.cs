namespace Lab;

/// <summary>How tests start the peers of this assembly inside pods.</summary>
public static class Peer
{
    public static string Program => Path.Combine(AppContext.BaseDirectory, "lab");
}
