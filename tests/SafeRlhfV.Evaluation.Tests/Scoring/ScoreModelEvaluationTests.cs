namespace SafeRlhfV.Evaluation.Tests;

public sealed class ScoreModelEvaluationTests
{
    [Fact]
    public void AScoreModelIsSummarisedAgainstNoisyTrueAndGrey()
    {
        ScoredPair[] pairs =
        [
            new() { Category = "animal_abuse", Score1 = 2, Score2 = -1, GreyScore1 = 0, GreyScore2 = 0, Labels = new(1, true, false),
                TrueLabels = new(1, true, false) },
            new() { Category = "animal_abuse", Score1 = 1, Score2 = 1, GreyScore1 = 1, GreyScore2 = 2, Labels = new(2, false, true),
                TrueLabels = new(1, true, true) },
        ];
        ScoreModelResult result = ScoreModelEvaluation.Summarise(ModelNames.Cost, pairs, seed: 0);
        Assert.Equal(0.5, result.Noisy.PairAccuracy.Value); // the tie is wrong
        Assert.Equal(0.75, result.Noisy.SignAccuracy!.Value);
        Assert.Equal(1, result.True!.SignAccuracy!.Value);
        Assert.Equal(0.5, result.Grey!.PairAccuracy.Value);
        Assert.Equal(new CategoryScoreResult("animal_abuse", 2, 0.5, 0.75, 0.5), Assert.Single(result.Categories));
    }
}
