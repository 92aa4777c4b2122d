namespace SafeRlhfV.Data.Tests;

public sealed class RowPipelineTests
{
    [Fact]
    public void ResultsComeInTheRowsOrderAndFewRowsAreUnderWay()
    {
        int running = 0, most = 0, read = 0, taken = 0, furthest = 0;
        IEnumerable<DatasetRow> rows = Rows(200).Select(row =>
        {
            furthest = Math.Max(furthest, ++read - taken);
            return row;
        });
        List<long> seen = [];
        foreach (long index in RowPipeline.Map(rows, row =>
        {
            int now = Interlocked.Increment(ref running);
            for (int before = most; now > before && Interlocked.CompareExchange(ref most, now, before) != before;) before = most;
            Thread.SpinWait((int)(row.Position.Index * 7919 % 20_000));
            Interlocked.Decrement(ref running);
            return row.Position.Index;
        }))
        {
            seen.Add(index);
            taken++;
        }
        Assert.Equal(Enumerable.Range(0, 200).Select(index => (long)index), seen);
        Assert.InRange(most, 1, Environment.ProcessorCount);
        Assert.InRange(furthest, 1, 16 * Environment.ProcessorCount + 1);
    }

    [Fact]
    public void LargeImagesWaitUntilOthersAreDone()
    {
        // four fill what may be under way, however many cores there are
        int read = 0, taken = 0, furthest = 0;
        byte[] large = new byte[4 << 20];
        IEnumerable<DatasetRow> rows = Rows(40, large).Select(row =>
        {
            furthest = Math.Max(furthest, ++read - taken);
            return row;
        });
        foreach (int _ in RowPipeline.Map(rows, row => row.Image!.Bytes!.Length)) taken++;
        Assert.Equal(40, taken);
        Assert.InRange(furthest, 1, Math.Max(4, Environment.ProcessorCount) + 1);
    }

    [Fact]
    public void AnErrorOfTheWorkIsThrownAtItsRowAndEndsTheReading()
    {
        List<long> seen = [];
        InvalidInputException error = Assert.Throws<InvalidInputException>(() =>
        {
            foreach (long index in RowPipeline.Map(Rows(1000), row => row.Position.Index == 40 ? throw new InvalidInputException("row 40") : row.Position.Index)
                ) seen.Add(index);
        });
        Assert.Equal("row 40", error.Message);
        Assert.Equal(40, seen.Count);
    }

    [Fact]
    public void CancellingStopsIt()
    {
        using CancellationTokenSource stop = new();
        int done = 0;
        Assert.ThrowsAny<OperationCanceledException>(() =>
        {
            foreach (int _ in RowPipeline.Map(Rows(100_000), row => 1, stop.Token))
                if (++done == 10) stop.Cancel();
        });
        Assert.InRange(done, 10, 10 + 16 * Environment.ProcessorCount);
    }

    private static IEnumerable<DatasetRow> Rows(int count, byte[]? image = null) => Enumerable.Range(0, count).Select(index => DatasetRow.From(
        new ModeratedResponse("q", image is null ? null : new EncodedImage(image, null), Taxonomy.Categories[0], 1, "a", true),
        new RowPosition("default", "train", "rows.parquet", index, index)));
}
