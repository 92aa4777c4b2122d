using static TorchSharp.torch;

namespace SafeRlhfV.Objectives.Tests;

public sealed class GoldenObjectivesTests(ITestOutputHelper output)
{
    /// <summary>Outputs that record what the released code does and nobody should repeat.</summary>
    private static readonly string[] ForInformation = ["log_probs_bf16"];

    public static IEnumerable<TheoryDataRow<string>> Objectives =>
        GoldenCase.All.Select(golden => golden.Objective).Distinct().Select(name => new TheoryDataRow<string>(name));

    /// <summary>Every case of an objective, in each precision that it lists, values and gradients; every output is accounted for.</summary>
    [Theory, MemberData(nameof(Objectives))]
    public void EveryCaseAgrees(string objective)
    {
        GoldenCase[] cases = [.. GoldenCase.All.Where(golden => golden.Objective == objective && !GoldenObjectives.IsElsewhere(golden))];
        Assert.NotEmpty(cases);
        if (GoldenObjectives.Elsewhere.TryGetValue(objective, out string? reason)) Assert.Skip($"{cases.Length} cases of {objective} skipped: {reason}");
        Assert.True(GoldenObjectives.Known.ContainsKey(objective), $"No test knows the objective {objective} ({cases.Length} cases).");
        int compared = 0, informative = 0;
        foreach (GoldenCase golden in cases)
            foreach (ScalarType dtype in golden.Precisions)
            {
                using var scope = NewDisposeScope();
                Dictionary<string, Tensor> got = GoldenObjectives.Known[objective](golden, dtype);
                string[] wanted = [.. golden.Outputs.Except(ForInformation)];
                informative += golden.Outputs.Count() - wanted.Length;
                Assert.Equal(wanted.Order(), got.Keys.Order());
                foreach (string name in wanted) Compare.Close(golden, dtype, name, got[name]);
                compared += wanted.Length;
            }
        output.WriteLine($"{objective}: {cases.Length} cases, {compared} tensors compared, {informative} for information only");
        Assert.True(compared >= cases.Sum(golden => golden.Precisions.Count()));
    }
}
