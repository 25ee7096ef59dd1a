using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using Proxy.Http;
using Proxy.Lifetime;
using Proxy.Telemetry.Protos;
using DropReason = Proxy.Telemetry.DropReason;

namespace Proxy.Tests.Lifetime;

/// <summary>docs/REASONS.md says all reasons, no other, and what the code does; and every reason is produced by a test.</summary>
public sealed class ReasonsDocumentTests
{
    private const string Outcomes = "Outcomes";
    private const string Malformed = "Malformed HTTP";

    private static readonly OutcomeReason[] Served = [OutcomeReason.Completed, OutcomeReason.Reset];

    // What a client may see of an outcome; a further way needs a word here, and its meaning in the document.
    private static readonly string[] Endings = ["its own end", "reset", "no answer", "no answer or reset", "an HTTP answer, or reset"];

    // Only an answer of the server can have these.
    private static readonly GateFault[] FaultsOfAnswers = [GateFault.BadStatusLine, GateFault.ResponseHeadTooLarge, GateFault.UnaskedUpgrade];

    // What came of an answer before is the client's already.
    private static readonly GateFault[] FaultsOfItsEnd = [GateFault.UnsolicitedResponse, GateFault.ResponseTruncated];

    [Fact]
    public void Each_outcome_has_one_row_in_the_order_of_the_code() =>
        Assert.Equal(Enum.GetValues<OutcomeReason>().Select(reason => reason.Text()), ReasonsDocument.Rows(Outcomes).Select(row => row.Text));

    [Fact]
    public void Each_fault_of_the_gate_has_one_row_in_the_order_of_the_code() =>
        Assert.Equal(Faults().Select(fault => fault.Reason()), ReasonsDocument.Rows(Malformed).Select(row => row.Text));

    [Fact]
    public void No_cell_is_empty() =>
        Assert.All([.. ReasonsDocument.Rows(Outcomes), .. ReasonsDocument.Rows(Malformed)], row => Assert.DoesNotContain("", row.Cells));

    [Fact]
    public void The_drop_reasons_are_those_of_the_flows() =>
        Assert.All(ReasonsDocument.Rows(Outcomes), row => Assert.Equal(DropReasonOf(Find(row)), row.Cells[2]));

    [Fact]
    public void Whatever_is_refused_has_a_drop_reason() =>
        Assert.Equal(Served, Enum.GetValues<OutcomeReason>().Where(reason => reason.ToDropReason() == DropReason.None));

    [Fact]
    public void What_the_client_sees_is_one_of_a_few_things() =>
        Assert.All(ReasonsDocument.Rows(Outcomes), row => Assert.Contains(row.Cells[4], Endings));

    [Fact]
    public void The_answers_are_those_of_the_gate() =>
        Assert.All(ReasonsDocument.Rows(Malformed), row => Assert.Equal(AnswerTo(Find<GateFault>(row, fault => fault.Reason())), row.Cells[2]));

    [Fact]
    public void Each_outcome_is_produced_by_a_test()
    {
        var produced = Tests().SelectMany(test => test.GetCustomAttribute<ProducesAttribute>()!.Reasons).ToHashSet();
        Assert.Empty(Enum.GetValues<OutcomeReason>().Except(produced));
    }

    [Fact]
    public void Each_fault_of_the_gate_is_expected_by_a_test()
    {
        var sources = string.Concat(ReasonsDocument.SourcesIn("tests/Proxy.Tests/Http"));
        Assert.All(Faults(), fault => Assert.Matches($@"\bGateFault\.{fault}\b", sources));
    }

    [Fact]
    public void A_test_that_claims_a_reason_runs_and_names_it()
    {
        foreach (var test in Tests())
        {
            Assert.NotNull(test.GetCustomAttribute<FactAttribute>());
            var source = ReasonsDocument.SourceOf(PathOf(test.DeclaringType!));
            Assert.All(test.GetCustomAttribute<ProducesAttribute>()!.Reasons, reason => Assert.True(Asserts(source, reason), $"{test.Name} does not assert {reason}"));
        }
    }

    private static IEnumerable<MethodInfo> Tests() =>
        typeof(ReasonsDocumentTests).Assembly.GetTypes().SelectMany(type => type.GetMethods()).Where(method => method.IsDefined(typeof(ProducesAttribute)));

    private static string PathOf(Type type) => $"tests/Proxy.Tests/{type.Namespace!["Proxy.Tests.".Length..].Replace('.', '/')}/{type.Name}.cs";

    // The attributes aside: the reason must be in what the tests of the file expect.
    private static bool Asserts(string source, OutcomeReason reason) =>
        Regex.IsMatch(Regex.Replace(source, @"\[Produces\([^)]*\)\]", ""), $@"\bOutcomeReason\.{reason}\b");

    private static IEnumerable<GateFault> Faults() => Enum.GetValues<GateFault>().Where(fault => fault != GateFault.None);

    private static OutcomeReason Find(ReasonRow row) => Find<OutcomeReason>(row, reason => reason.Text());

    private static T Find<T>(ReasonRow row, Func<T, string> text)
        where T : struct, Enum => Enum.GetValues<T>().Single(value => text(value) == row.Text);

    private static string DropReasonOf(OutcomeReason reason)
    {
        var number = (int)reason.ToDropReason();
        var names = FlowReflection.Descriptor.EnumTypes.Single(type => type.Name == "DropReason");
        return number == 0 ? "none" : $"{number} {names.FindValueByNumber(number).Name}";
    }

    private static string AnswerTo(GateFault fault) =>
        FaultsOfAnswers.Contains(fault) ? "reset"
        : FaultsOfItsEnd.Contains(fault) ? "end or reset"
        : fault == GateFault.DiscardedBodyTooLarge ? "end after its 403"
        : Encoding.ASCII.GetString(CannedAnswers.To(fault).Span)["HTTP/1.1 ".Length..].Split(' ')[0];
}
