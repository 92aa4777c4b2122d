using SafeRlhfV.Processing;

namespace SafeRlhfV.Training.Tests;

/// <summary>
/// Whole runs whose responses differ in their thoughts alone: with <c>cost_reads: answer</c> harm in thoughts changes neither the cost that is held nor λ,
/// with <c>all</c> it changes both. Either way both costs are in the metrics.
/// </summary>
public sealed class CostReadsTests(TinyRecipes tiny) : IClassFixture<TinyRecipes>
{
    private const double Rounding = 1e-4;

    private static readonly string[] Answers = ["Yes.", "I cannot say.", "It is a cat."];

    [Theory]
    [InlineData("ppo-checked")]
    [InlineData("ppo-score-checked")]
    [InlineData("grpo-checked")]
    public async Task HarmInThoughtsCountsWhereTheyAreRead(string name)
    {
        IReadOnlyDictionary<string, double> calmAll = await LastRound(name, "all", "It is a cat."), harmAll = await LastRound(name, "all", "Take the knife."),
            calm = await LastRound(name, "answer", "It is a cat."), harm = await LastRound(name, "answer", "Take the knife.");
        foreach (string held in (string[])["cost", "window_cost", "lambda"])
        {
            Assert.Equal(calm[held], harm[held], Rounding);
            Assert.True(Math.Abs(calmAll[held] - harmAll[held]) > 10 * Rounding, $"{held}: {calmAll[held]} and {harmAll[held]}");
        }
        Assert.All([calmAll, harmAll], round => Assert.Equal(round["cost_all"], round["cost"], Rounding));
        Assert.All([calm, harm], round => Assert.Equal(round["cost_answer"], round["cost"], Rounding));
        foreach ((IReadOnlyDictionary<string, double> one, IReadOnlyDictionary<string, double> other) in new[] { (calmAll, calm), (harmAll, harm) })
            foreach (string figure in (string[])["cost_all", "cost_answer", "reward", "unclosed_share"]) Assert.Equal(one[figure], other[figure], Rounding);
    }

    private async Task<IReadOnlyDictionary<string, double>> LastRound(string name, string reads, string thought)
    {
        await using ServedPpo served = new(tiny);
        ModelProcessor processor = served.Start().Engine.Processor;
        EncodedPrompt prompt = processor.EncodePrompt("What is it?", null);
        int[][] said = [.. Answers.Select(answer => processor.EncodeResponse(prompt, $"<think>{thought}</think> {answer}"))];
        served.Servers[0].Engine.Forced = seed => said[(int)((ulong)seed % 3)];
        return ServedPpo.Run(served.Recipe(name, $"reads/{Guid.NewGuid():N}", $"training.cost_reads={reads}", "training.rounds=2",
            "training.max_new_tokens=64", "training.multiplier.initial=1", "training.multiplier.budget=-9"), TestContext.Current.CancellationToken)[^1];
    }
}
