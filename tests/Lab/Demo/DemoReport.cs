using System.Diagnostics;

namespace Lab.Demo;

/// <summary>What the demo prints, and how many things were not as expected.</summary>
internal sealed class DemoReport(TextWriter output)
{
    private readonly long started = Stopwatch.GetTimestamp();

    public int Differences { get; private set; }

    public void Say(string text) => output.WriteLine(text);

    public void Title(string text) => output.WriteLine($"\n=== {text} [{Stopwatch.GetElapsedTime(started).TotalSeconds:F1} s]");

    public void Step(DemoStep step, CurlAnswer answer)
    {
        output.WriteLine($"step {step.Number,2}  {step.Policy}: {step.Client}  {step.Method} {step.Path}");
        output.WriteLine($"         expected: {step.Expected}");
        Check($"         came:     {answer}", step.IsExpected(answer));
    }

    public void Check(string text, bool isExpected)
    {
        output.WriteLine($"{text}{(isExpected ? "" : "   <-- NOT AS EXPECTED")}");
        Differences += isExpected ? 0 : 1;
    }
}
