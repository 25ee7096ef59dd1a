using Proxy.Engine;
using Proxy.Native;

namespace Proxy.Capture;

/// <summary>The end that dialled. Distinct from every other endpoint, so that the two cannot be swapped.</summary>
internal readonly record struct ClientAddress(Endpoint Endpoint);

/// <summary>Where the client wanted to go: a pod, a Service, or anything else.</summary>
internal readonly record struct OriginalDestination(Endpoint Endpoint);

/// <summary>A connection that a capture listener accepted, on the worker that will own it.</summary>
internal readonly record struct CapturedConnection(
    PodCapture Pod, PlainLeg Leg, ClientAddress Client, OriginalDestination Destination);
