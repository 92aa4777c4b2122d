namespace SafeRlhfV.Evaluation.Tests;

public sealed class HeadFigureTests
{
    [Fact]
    public void AFigureThatStaysIsSaidToStay()
    {
        IReadOnlyList<HeadFigure> figures = HeadFigure.Of([.. Enumerable.Range(0, 4)
            .Select(i => new HeadScores($"r{i}", "q", "a", "b", StartReward: 0.25, AlignedReward: 0.25, StartCost: 1, AlignedCost: -1))]);
        Assert.Equal(["mean reward by RM-V 0.25 as before", "mean cost by CM-V 1.00 to \u22121.00", "share unsafe by CM-V 1.00 to 0.00"],
            figures.Select(figure => figure.ToString()));
    }
}
