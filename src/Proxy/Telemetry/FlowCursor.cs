using Proxy.Telemetry.Protos;

namespace Proxy.Telemetry;

/// <summary>One reader of the ring, with the only buffer that it needs.</summary>
internal sealed class FlowCursor(FlowRing ring)
{
    private readonly byte[] _text = new byte[FlowRecord.TextCapacity];

    public long Oldest => ring.Oldest;

    public long Next => ring.Next;

    public FlowReadResult Read(long sequence, out Flow? flow)
    {
        flow = null;
        if (sequence < 0)
            return FlowReadResult.Overrun;
        var result = ring.Read(sequence, out var record, _text);
        if (result == FlowReadResult.Read)
            flow = FlowMapping.ToFlow(record, _text, ring.NodeName);
        return result;
    }
}
