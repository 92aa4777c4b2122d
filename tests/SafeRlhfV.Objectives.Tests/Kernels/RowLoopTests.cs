using static TorchSharp.torch;

namespace SafeRlhfV.Objectives.Tests;

/// <summary>Every row and piece is worked on once, on as many threads as torch has.</summary>
public sealed class RowLoopTests
{
    [Theory]
    [InlineData(0, 100), InlineData(1, 1), InlineData(7, 3), InlineData(1000, 1000), InlineData(65, 1 << 20), InlineData(3, 1 << 30)]
    public void EveryRowIsVisitedOnce(long rows, long numbers)
    {
        int[] visits = new int[rows];
        int blocks = RowLoop.Blocks(rows, numbers);
        Assert.InRange(blocks, Math.Min(1, rows), Math.Min(64, Math.Max(rows, 0)));
        int[] seen = new int[blocks];
        RowLoop.Run(rows, numbers, (block, from, to) =>
        {
            Interlocked.Increment(ref seen[block]);
            for (long row = from; row < to; row++) Interlocked.Increment(ref visits[row]);
        });
        Assert.All(visits, count => Assert.Equal(1, count));
        Assert.All(seen, count => Assert.Equal(1, count));
    }

    [Fact]
    public void ThreadsHaveNumbersBelowTheirCount()
    {
        int threads = get_num_threads(), wrong = 0;
        int[] pieces = new int[100];
        RowLoop.Run(pieces.Length, (thread, piece) =>
        {
            if (thread < 0 || thread >= threads) Interlocked.Increment(ref wrong);
            pieces[piece]++;
        });
        Assert.Equal(0, wrong);
        Assert.All(pieces, count => Assert.Equal(1, count));
    }

    [Theory, InlineData(1), InlineData(100)]
    public void ExceptionsReachTheCaller(int pieces)
    {
        Assert.Equal("too hot", Assert.Throws<TimeoutException>(() => RowLoop.Run(pieces, (_, piece) =>
        {
            if (piece == pieces / 2) throw new TimeoutException("too hot");
        })).Message);
    }

    [Fact]
    public async Task SeveralThreadsMayCallAtOnce()
    {
        long[] sums = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            long sum = 0;
            for (int round = 0; round < 50; round++) RowLoop.Run(20, (_, piece) => Interlocked.Add(ref sum, piece));
            return sum;
        }, TestContext.Current.CancellationToken)));
        Assert.All(sums, sum => Assert.Equal(50 * 190, sum));
    }
}
