using SafeRlhfV.Testing;

namespace SafeRlhfV.Data.Tests;

public sealed class CursorTests
{
    private static readonly PreferenceDataset Data = PreferenceDataset.Open(Path.Combine(BeaverTailsCases.Root, BeaverTailsCases.GoodFolders.First().Data));

    [Theory]
    [InlineData(false, 7)]
    [InlineData(true, 7)]
    [InlineData(true, 512)]
    public void AnEpochGivesEveryRowOnce(bool shuffle, int window)
    {
        DatasetCursor cursor = new(Data, new CursorOptions { Shuffle = shuffle, Seed = 3, WindowRows = window });
        string[] all = [.. Data.ReadRows().Select(row => row.Position.ToString())];
        string[] first = [.. cursor.RestOfEpoch().Select(row => row.Position.ToString())],
            second = [.. cursor.RestOfEpoch().Select(row => row.Position.ToString())];
        Assert.Equal(all.Order(), first.Order());
        Assert.Equal(all.Order(), second.Order());
        Assert.Equal(shuffle, !first.SequenceEqual(all));
        Assert.Equal(shuffle, !first.SequenceEqual(second));
        Assert.Equal(first, new DatasetCursor(Data, new CursorOptions { Shuffle = shuffle, Seed = 3, WindowRows = window }).RestOfEpoch()
            .Select(row => row.Position.ToString()));
        if (shuffle) Assert.NotEqual(first,
            new DatasetCursor(Data, new CursorOptions { Seed = 4, WindowRows = window }).RestOfEpoch().Select(row => row.Position.ToString()));
    }

    /// <summary>A checkpoint of another machine, or of another version, goes on with the rows that would have come there.</summary>
    [Fact]
    public void TheOrderOfASeedIsTheSameOnEveryMachine()
    {
        using TemporaryFolder folder = new();
        File.WriteAllLines(folder.At("rows.jsonl"),
            Enumerable.Range(0, 40).Select(i =>
                $$"""{"question":"{{i}}","image":null,"category":"hacking_or_digital_crime","image_severity":1,"response":"a","is_response_safe":"yes"}"""));
        PreferenceDataset data = PreferenceDataset.Open(folder.At("rows.jsonl"));
        string Order(CursorOptions options) => string.Join(' ', new DatasetCursor(data, options).RestOfEpoch().Take(12).Select(row => row.Text("question")));
        Assert.Equal("5 4 7 6 0 1 3 2 21 20 17 16", Order(new CursorOptions { Seed = 11, WindowRows = 8 }));
        Assert.Equal("14 11 10 13 12 31 32 30 33 34 5 9", Order(new CursorOptions { Seed = 11, WindowRows = 8, Rank = 1, World = 2 }));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(16)]
    public void ACursorResumesAtTheExactRow(int prefetch)
    {
        CursorOptions options = new() { Seed = 9, WindowRows = 10, Prefetch = prefetch };
        int length = (int)Data.CountRows() * 2 + 5;
        string[] whole = [.. new DatasetCursor(Data, options).Rows().Take(length).Select(BeaverTailsCases.Digest)];
        for (int cut = 0; cut < length; cut += 13)
        {
            DatasetCursor first = new(Data, options);
            string[] before = [.. first.Rows().Take(cut).Select(BeaverTailsCases.Digest)];
            DatasetCursor second = new(Data, options) { State = first.State };
            Assert.Equal(whole, before.Concat(second.Rows().Take(length - cut).Select(BeaverTailsCases.Digest)));
        }
        Assert.Throws<InvalidInputException>(() => new DatasetCursor(Data, options with { Seed = 10 }) { State = new DatasetCursor(Data, options).State });
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void RanksShareTheRowsOutEvenly(int world)
    {
        string[][] ranks = [.. Enumerable.Range(0, world)
            .Select(rank => new DatasetCursor(Data, new CursorOptions { Seed = 1, Rank = rank, World = world }).RestOfEpoch()
                .Select(row => row.Position.ToString()).ToArray())];
        string[] given = [.. ranks.SelectMany(rows => rows)];
        Assert.Equal(given.Length, given.Distinct().Count());
        Assert.Single(ranks.Select(rows => rows.Length).Distinct());
        Assert.InRange(given.Length, Data.CountRows() * 3 / 4, Data.CountRows());
    }

    [Fact]
    public void JsonlIsShuffledByItsIndex()
    {
        using TemporaryFolder folder = new();
        DatasetConverter.Convert(Data, folder.At("lines"), new ConversionOptions { Format = ExportFormat.Jsonl });
        PreferenceDataset lines = PreferenceDataset.Open(folder.At("lines"));
        DatasetCursor cursor = new(lines, new CursorOptions { Seed = 2, WindowRows = 4 });
        Assert.Equal(Data.ReadRows().Select(BeaverTailsCases.Digest).Order(), cursor.RestOfEpoch().Select(BeaverTailsCases.Digest).Order());
    }

    [Fact]
    public void ReadingAheadPassesErrorsOnAndStops()
    {
        static IEnumerable<int> Failing()
        {
            yield return 1;
            throw new InvalidInputException("broken");
        }
        Assert.Equal("broken", Assert.Throws<InvalidInputException>(() => Failing().Prefetch(4).ToList()).Message);
        int made = 0;
        Assert.Equal([1, 2], Endless(() => made++).Prefetch(3).Take(2));
        Assert.InRange(made, 2, 8);

        static IEnumerable<int> Endless(Action onMade)
        {
            for (int i = 1; ; i++)
            {
                onMade();
                yield return i;
            }
        }
    }
}
