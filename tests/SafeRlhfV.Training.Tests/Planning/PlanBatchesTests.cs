namespace SafeRlhfV.Training.Tests;

public sealed class PlanBatchesTests
{
    private static PlanSizes Sizes =>
        new(100, 400, 40, 0) { Looked = 40, Rows = [.. Enumerable.Range(1, 40).Select(i => new PlanRow(60 + i, [10 * i, 5 * i]))] };

    [Fact]
    public void PartsByTokensHoldWhatTheTrainerPutsIntoThem()
    {
        PlanPart[] parts = [.. PlanBatches.Of(Sizes, new GuardSettings { BatchSize = 32, MicroBatchTokens = 2000 }, each: 1)];
        Assert.All(parts, part => Assert.True(part.Rows == 1 || part.Rows * part.Width <= 2000));
        // short texts run many at a time, long ones few
        Assert.True(parts.Max(part => part.Rows) > 10);
        Assert.True(parts.Min(part => part.Rows) < 6);
        Assert.All(parts, part => Assert.True(part.Answers <= part.Rows * part.Response));
    }

    [Fact]
    public void PartsByRowsAreAsWideAsTheirLongestTexts()
    {
        PlanPart[] parts = [.. PlanBatches.Of(Sizes, new SftSettings { BatchSize = 16, MicroBatchSize = 8 }, each: 2)];
        Assert.All(parts, part => Assert.Equal(8, part.Rows));
        Assert.All(parts, part => Assert.Equal(part.Prompt + (2L * part.Response), part.Width));
        Assert.Contains(parts, part => part is { Prompt: 100, Response: 400 });
    }

    [Fact]
    public void RowsThatWereNotLookedAtMayBeLonger()
    {
        PlanSizes more = Sizes with { PromptTokens = 110, ResponseTokens = 440, Images = 5000 };
        Assert.Contains(PlanBatches.Of(more, new SftSettings { BatchSize = 4 }, each: 1), part => part is { Prompt: 110, Response: 440, Rows: 4 });
        Assert.DoesNotContain(PlanBatches.Of(Sizes, new SftSettings { BatchSize = 4 }, each: 1), part => part.Prompt > 100 || part.Response > 400);
    }

    [Fact]
    public void WithoutRowsTheLimitsAreTaken()
    {
        PlanPart part = Assert.Single(PlanBatches.Of(new PlanSizes(100, 400, long.MaxValue, long.MaxValue),
            new SftSettings { BatchSize = 32, MicroBatchTokens = 2000 }, each: 1));
        Assert.Equal(new PlanPart(4, 100, 400, 500, 1600), part);
    }
}
