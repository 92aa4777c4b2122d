namespace SafeRlhfV.Core.Tests;

public sealed class AllCoresTests
{
    [Fact]
    public void A_users_mistake_comes_out_as_it_was_thrown()
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
    public void Any_other_fault_stays_wrapped_and_a_cancelled_run_ends()
    {
        Assert.Throws<AggregateException>(() => AllCores.For(4, _ => throw new InvalidOperationException()));
        Assert.Throws<OperationCanceledException>(() => AllCores.For(4, _ => { }, new CancellationToken(canceled: true)));
    }

    [Fact]
    public void Every_item_is_seen_once()
    {
        int[] seen = new int[1000];
        AllCores.For(1000, i => Interlocked.Increment(ref seen[i]));
        AllCores.ForEach(Enumerable.Range(0, 1000), i => Interlocked.Increment(ref seen[i]));
        Assert.All(seen, count => Assert.Equal(2, count));
    }
}
