using static TorchSharp.torch;

namespace SafeRlhfV.Objectives.Tests;

public sealed class GoldenObjectivesTests(ITestOutputHelper output)
{
    /// <summary>Outputs that record what the released code does and nobody should repeat.</summary>
    private static readonly string[] ForInformation = ["log_probs_bf16"];

    public static IEnumerable<TheoryDataRow<string>> Objectives =>
        GoldenCase.All.Select(golden => golden.Objective).Distinct().Select(name => new TheoryDataRow<string>(name));

    /// <summary>Every case of an objective, in float32 and in float64, values and gradients; every output is accounted for.</summary>
    [Theory, MemberData(nameof(Objectives))]
    public void EveryCaseAgrees(string objective)
    {
        GoldenCase[] cases = [.. GoldenCase.All.Where(golden => golden.Objective == objective)];
        Assert.NotEmpty(cases);
        if (GoldenObjectives.Elsewhere.TryGetValue(objective, out string? reason)) Assert.Skip($"{cases.Length} cases of {objective} skipped: {reason}");
        Assert.True(GoldenObjectives.Known.ContainsKey(objective), $"No test knows the objective {objective} ({cases.Length} cases).");
        int compared = 0, informative = 0;
        foreach (GoldenCase golden in cases)
            foreach (ScalarType dtype in new[] { ScalarType.Float32, ScalarType.Float64 })
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
        Assert.True(compared >= 2 * cases.Length);
    }
}
