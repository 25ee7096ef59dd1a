using Proxy.Policy;

namespace Proxy.Micro;

/// <summary>What is timed must be right first.</summary>
internal static class Answers
{
    public static void Expect(bool isRight, string what)
    {
        if (!isRight)
            throw new InvalidOperationException($"The answer is wrong: {what}.");
    }

    public static void Expect(Verdict verdict, VerdictReason reason, string what) => Expect(verdict.Reason == reason, $"{what}: {verdict.Reason}");
}
