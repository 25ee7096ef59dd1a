using Proxy.Kernel;

namespace Proxy;

/// <summary>Decides about the packets that the kernel asks about, tells what it decided, and remembers for the kernel.</summary>
internal interface IPacketJudge : IDisposable
{
    /// <summary>Whether the packet may go on; null while nobody can say who the peer is.</summary>
    bool? Decide(in PacketQuestion question);

    /// <summary>The question was held as long as it may be, and its packet is dropped.</summary>
    void GiveUp(in PacketQuestion question);

    /// <summary>What was allowed may be refused now. False: the kernel still remembers it, and this must be called again.</summary>
    bool OnMeshChanged();
}
