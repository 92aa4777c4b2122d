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
    public void TheMistakeOfTheFirstItemIsThrown()
    {
        void Work(int i)
        {
            // the first mistake is the last to be found
            if (i == 6) Thread.Sleep(20);
            if (i is 6 or 7 or 40) throw new InvalidInputException($"item {i}");
        }

        for (int repeat = 0; repeat < 10; repeat++)
        {
            Assert.Equal("item 6", Assert.Throws<InvalidInputException>(() => AllCores.For(50, Work, TestContext.Current.CancellationToken)).Message);
            Assert.Equal("item 6", Assert.Throws<InvalidInputException>(() =>
                AllCores.ForEach(Enumerable.Range(0, 50), Work, TestContext.Current.CancellationToken)).Message);
        }
    }

    [Fact]
    public void ASequencesOwnMistakeComesAfterThoseOfItsItems()
    {
        static IEnumerable<int> Items()
        {
            for (int i = 0; i < 20; i++) yield return i;
            throw new InvalidInputException("sequence");
        }

        Assert.Equal("sequence", Assert.Throws<InvalidInputException>(() =>
            AllCores.ForEach(Items(), _ => { }, TestContext.Current.CancellationToken)).Message);
        Assert.Equal("item 3", Assert.Throws<InvalidInputException>(() => AllCores.ForEach(Items(), i =>
        {
            if (i == 3) throw new InvalidInputException("item 3");
        }, TestContext.Current.CancellationToken)).Message);
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
