using Proxy.Kernel;

namespace Proxy.Linux.Tests.Kernel;

internal static class WaitingQuestions
{
    /// <summary>Takes the next question, past whatever else waits before it; false when there is none.</summary>
    public static bool TryReceive(this VerdictQueue queue, out PacketQuestion question)
    {
        QueueMessage message;
        do
        {
            message = queue.Receive(out question);
        }
        while (message == QueueMessage.Other);

        return message == QueueMessage.Question;
    }
}
