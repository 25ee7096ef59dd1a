using Lab;
using Lab.Faults;

namespace Proxy.Linux.Tests.EndToEnd;

/// <summary>The short form of `make faults`.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class FaultLoopTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Two_minutes_of_faults_under_load_break_no_promise()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "network namespaces need root");

        var violations = await new FaultLoop(new FaultPlan(), output.WriteLine).RunAsync(new LabOptions { Workers = 2 });

        Assert.Empty(violations);
    }
}
