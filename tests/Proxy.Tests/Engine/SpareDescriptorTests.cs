using Proxy.Engine;

namespace Proxy.Tests.Engine;

public class SpareDescriptorTests
{
    [Fact]
    public void What_was_given_up_cannot_be_given_up_again_until_it_is_taken_back()
    {
        using var spare = new SpareDescriptor();
        Assert.True(spare.TryGiveUp());
        Assert.False(spare.TryGiveUp());
        spare.TakeBack();
        spare.TakeBack();
        Assert.True(spare.TryGiveUp());
    }
}
