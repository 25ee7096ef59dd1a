using System.Collections.Concurrent;
using Grpc.Core;

namespace Proxy.Spiffe.Streams;

/// <summary>What goes wrong on which stream; told once per change, not once per attempt.</summary>
internal sealed class SourceHealth(string endpoint, Action<string> log)
{
    /// <summary>The subject of the stream that all workloads rest on; no UID is empty.</summary>
    public const string Bundles = "";

    private readonly ConcurrentDictionary<string, SourceFault> _faults = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _away = new(StringComparer.Ordinal);
    private volatile bool _answered;
    private long _heard;

    /// <summary>Whether there is such a stream; without it any workload's shows that the source answers.</summary>
    public bool HasSharedBundles { get; init; } = true;

    public bool IsConnected => _answered && _away.IsEmpty && (HasSharedBundles ? !_faults.ContainsKey(Bundles) : _faults.IsEmpty);

    public string? LastError => (_faults.TryGetValue(Bundles, out var fault) ? fault : _faults.Values.FirstOrDefault())?.Text;

    /// <summary>The clock of the times below.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>All that is wrong now, the longest first.</summary>
    public IReadOnlyList<SourceFault> Faults => [.. _faults.Values.OrderBy(fault => fault.Since)];

    /// <summary>When a stream last brought something that was taken; null before the first time.</summary>
    public DateTimeOffset? LastHeard => Interlocked.Read(ref _heard) is > 0 and var ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    /// <summary>Takes the fault of a stream, or null if it works.</summary>
    /// <param name="subject">Whom it concerns.</param>
    /// <param name="what">What is received on it.</param>
    /// <param name="fault">One line; null: none.</param>
    /// <param name="from">Where it is received from, if not from the endpoint.</param>
    public void Report(string subject, string what, string? fault, string? from = null)
    {
        // So gRPC calls a server that cannot be reached, and a server itself that cannot serve: no stream's own fault.
        if (fault?.StartsWith(nameof(StatusCode.Unavailable), StringComparison.Ordinal) == true)
            _away[subject] = true;
        else
            _away.TryRemove(subject, out _);
        if (fault is not null)
            Fail(subject, $"identity: {what} from {from ?? endpoint}: {fault}");
        else if (_faults.TryRemove(subject, out _))
            log($"identity: {what} from {from ?? endpoint}: received again");
        if (fault is null)
            Interlocked.Exchange(ref _heard, Time.GetUtcNow().UtcTicks);
        if (fault is null && (subject == Bundles || !HasSharedBundles))
            _answered = true;
    }

    public void Forget(string subject)
    {
        _faults.TryRemove(subject, out _);
        _away.TryRemove(subject, out _);
    }

    private void Fail(string subject, string line)
    {
        var known = _faults.GetValueOrDefault(subject);
        _faults[subject] = new SourceFault(subject, line, known?.Since ?? Time.GetUtcNow());
        if (known?.Text != line)
            log(line);
    }
}
