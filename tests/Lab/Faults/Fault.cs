namespace Lab.Faults;

/// <summary>Something that goes wrong for a while.</summary>
/// <param name="Name">What happens, in words.</param>
/// <param name="BeginAsync">Makes it happen.</param>
/// <param name="EndAsync">Makes it good again.</param>
internal sealed record Fault(string Name, Func<Task> BeginAsync, Func<Task> EndAsync)
{
    /// <summary>Policy forbids the guest everything while this lasts.</summary>
    public bool Forbids { get; init; }

    /// <summary>While it lasts a daemon follows no change, so what policy says now is not in force.</summary>
    public bool Freezes { get; init; }
}
