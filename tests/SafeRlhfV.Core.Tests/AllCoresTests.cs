namespace SafeRlhfV.Core.Tests;

public sealed class AllCoresTests
{
    [Fact]
    public void AUsersMistakeComesOutAsItWasThrown()
    {
        Assert.Equal("row 7", Assert.Throws<InvalidInputException>(() => AllCores.For(20, i => Fail(i))).Message);
        Assert.Equal("row 7", Assert.Throws<InvalidInputException>(() => AllCores.ForEach(Enumerable.Range(0, 20), Fail)).Message);
        // a sequence may fail as well as the work
        Assert.Equal("row 7", Assert.Throws<InvalidInputException>(() =>
            AllCores.ForEach(Enumerable.Range(0, 20).Select(i => { Fail(i); return i; }), _ => { })).Message);

        static void Fail(int row)
        {
            if (row == 7) throw new InvalidInputException("row 7");
        }
    }

    [Fact]
    public void AnyOtherFaultStaysWrappedAndACancelledRunEnds()
    {
        Assert.Throws<AggregateException>(() => AllCores.For(4, _ => throw new InvalidOperationException()));
        Assert.Throws<OperationCanceledException>(() => AllCores.For(4, _ => { }, new CancellationToken(canceled: true)));
    }

    [Fact]
    public void EveryItemIsSeenOnce()
    {
        int[] seen = new int[1000];
        AllCores.For(1000, i => Interlocked.Increment(ref seen[i]));
        AllCores.ForEach(Enumerable.Range(0, 1000), i => Interlocked.Increment(ref seen[i]));
        Assert.All(seen, count => Assert.Equal(2, count));
    }
}
