namespace Lab.Traffic;

/// <summary>Something came that no fault of the network excuses: other bytes, or an orderly end before all was said.</summary>
internal sealed class TrafficFault : Exception
{
    public TrafficFault()
    {
    }

    public TrafficFault(string message)
        : base(message)
    {
    }

    public TrafficFault(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
