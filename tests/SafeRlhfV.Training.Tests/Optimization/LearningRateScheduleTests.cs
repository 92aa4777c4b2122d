using CsCheck;

namespace SafeRlhfV.Training.Tests;

public sealed class LearningRateScheduleTests
{
    [Fact]
    public void WarmsUpPeaksAndFallsToTheFloor()
    {
        LearningRateSchedule cosine = new(ScheduleShape.Cosine, 2, 110, WarmupFraction: 10.0 / 110, FloorFraction: 0.1);
        Assert.Equal(10, cosine.WarmupSteps);
        Assert.Equal(0.2, cosine.At(0), 12);
        Assert.Equal(2, cosine.At(9), 12);
        Assert.Equal(2, cosine.At(10), 12);
        Assert.Equal(1.1, cosine.At(60), 12);
        Assert.Equal(0.2, cosine.At(110), 12);
        Assert.Equal(0.2, cosine.At(1000), 12);
        LearningRateSchedule linear = cosine with { Shape = ScheduleShape.Linear };
        Assert.Equal(1.1, linear.At(60), 12);
        Assert.Equal(0.2 + 0.25 * 1.8, linear.At(85), 12);
        Assert.Equal(2, (cosine with { Shape = ScheduleShape.Constant }).At(100), 12);
    }

    [Fact]
    public void RatesStayBetweenZeroAndPeakRiseThenNeverRise() =>
        Gen.Select(Gen.Enum<ScheduleShape>(), Gen.Long[1, 400], Gen.Double[0, 1], Gen.Double[0, 1]).Sample((shape, total, warmup, floor) =>
        {
            LearningRateSchedule schedule = new(shape, 3e-4, total, warmup, floor);
            double[] rates = [.. Enumerable.Range(0, (int)total + 5).Select(step => schedule.At(step))];
            int peak = (int)schedule.WarmupSteps;
            return rates.All(rate => rate is >= 0 and <= 3e-4 + 1e-15)
                && Enumerable.Range(1, rates.Length - 1).All(i => i < peak ? rates[i] > rates[i - 1] : rates[i] <= rates[i - 1] + 1e-18);
        });
}
