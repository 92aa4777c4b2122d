namespace SafeRlhfV.Evaluation.Tests;

public sealed class PreferenceCalibrationTests
{
    private static readonly double Odds = Math.Log(3); // sigmoid = 0.75

    /// <summary>Three of four pairs in the stated order, each stated with a chance of three quarters: no error. All four: a quarter.</summary>
    [Fact]
    public void StatedChancesAreComparedWithWhatTheLabelsSay()
    {
        Assert.Equal(0, PreferenceCalibration.Measure("RM-V", [Pair(1), Pair(1), Pair(1), Pair(2)]).Order.ExpectedError, 12);
        Assert.Equal(0.25, PreferenceCalibration.Measure("RM-V", [Pair(1), Pair(1), Pair(1), Pair(1)]).Order.ExpectedError, 12);
        Assert.Null(PreferenceCalibration.Measure("RM-V", [Pair(1)]).Sign);
    }

    [Fact]
    public void TheSignIsAboutTheAnswersWithALabel()
    {
        ScoredPair[] pairs = [Pair(1, true, null), Pair(1, true, null), Pair(1, true, null), Pair(1, false, null)];
        Assert.Equal(0, PreferenceCalibration.Measure("CM-V", pairs).Sign!.ExpectedError, 12);
        Assert.Equal(4, PreferenceCalibration.Measure("CM-V", pairs).Sign!.BinCounts.Sum());
    }

    private static ScoredPair Pair(int higher, bool? unsafe1 = null, bool? unsafe2 = null) => new()
    {
        Category = "",
        Score1 = Odds,
        Score2 = 0,
        Labels = new(higher, unsafe1, unsafe2),
    };
}
