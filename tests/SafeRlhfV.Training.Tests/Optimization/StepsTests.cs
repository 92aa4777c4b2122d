namespace SafeRlhfV.Training.Tests;

public sealed class StepsTests
{
    private static EncodedSample[] Samples(long seed, int count)
    {
        RandomStream random = new(seed, "lengths");
        return [.. Enumerable.Range(0, count).Select(i => new EncodedSample(new int[1 + random.NextInt(60)], [i, .. new int[random.NextInt(200)]], null))];
    }

    [Fact]
    public void PartsByTokensKeepEveryRowAndTheBudget()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            EncodedSample[] samples = Samples(seed, 32);
            SftSettings settings = new() { MicroBatchTokens = 600, MicroBatchSize = seed % 2 == 0 ? 0 : 3 };
            IReadOnlyList<EncodedSample[]> parts = Steps.Micro(samples, settings);
            Assert.Equal(samples.Select(one => one.Response[0]).Order(), parts.SelectMany(part => part).Select(one => one.Response[0]).Order());
            Assert.All(parts, part => Assert.True(part.Length == 1
                || part.Length * (part.Max(one => one.Prompt.Length) + part.Max(one => one.Response.Length)) <= 600));
            if (settings.MicroBatchSize > 0) Assert.All(parts, part => Assert.InRange(part.Length, 1, 3));
            Assert.Equal(parts.Select(part => part.Length), Steps.Micro(samples, settings).Select(part => part.Length));
            Assert.True(Steps.Padding(parts) < Steps.Padding(Steps.Micro(samples, new SftSettings { MicroBatchSize = 4 })));
        }
    }

    [Fact]
    public void WithoutABudgetTheDatasOrderStands()
    {
        EncodedSample[] samples = Samples(1, 10);
        Assert.Equal(samples.Chunk(4).Select(part => part.Select(one => one.Response[0])),
            Steps.Micro(samples, new SftSettings { MicroBatchSize = 4 }).Select(part => part.Select(one => one.Response[0])));
        Assert.Single(Steps.Micro(samples, new SftSettings()));
    }

    [Fact]
    public void APairsPromptIsCountedOnceAndBothAnswers()
    {
        PairSample pair = new(new EncodedSample(new int[4], new int[6], null), new EncodedSample(new int[4], new int[2], null), 0, 0, true);
        Assert.Equal(1 - (12.0 / 16), Steps.Padding([[pair]]), 12);
    }
}
