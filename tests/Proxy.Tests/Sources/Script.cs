using System.Threading.Channels;
using Grpc.Core;

namespace Proxy.Tests.Sources;

/// <summary>What a fake API says on its streams, step by step, one stream after the other.</summary>
internal sealed class Script<TRequest, TResponse>
{
    private readonly Channel<Step> _steps = Channel.CreateUnbounded<Step>();
    private readonly Channel<Call> _calls = Channel.CreateUnbounded<Call>();

    /// <summary>Sent on the stream that is open, or on the next one.</summary>
    public void Say(TResponse response) => _steps.Writer.TryWrite(new Step(response, null));

    /// <summary>Ends the stream that is open, or the next one.</summary>
    public void End(StatusCode status, string detail = "") => _steps.Writer.TryWrite(new Step(default, new Status(status, detail)));

    /// <summary>The next stream that a client opens, or has opened and nobody has looked at.</summary>
    public async Task<Call> OpenedAsync() =>
        await _calls.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(20));

    public bool HasUnseenCall => _calls.Reader.TryPeek(out _);

    public async Task PlayAsync(TRequest request, IServerStreamWriter<TResponse> writer, ServerCallContext context)
    {
        _calls.Writer.TryWrite(new Call(request, context.RequestHeaders));
        await foreach (var step in _steps.Reader.ReadAllAsync(context.CancellationToken))
        {
            if (step.End is { } status)
                throw new RpcException(status);
            await writer.WriteAsync(step.Response!, context.CancellationToken);
        }
    }

    public sealed record Call(TRequest Request, Metadata Headers);

    private sealed record Step(TResponse? Response, Status? End);
}
