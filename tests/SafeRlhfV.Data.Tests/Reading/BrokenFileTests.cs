using System.Text.Json;

namespace SafeRlhfV.Data.Tests;

public sealed class BrokenFileTests
{
    /// <summary>Faults that need more than one row, a decoder, or that reading allows.</summary>
    private static readonly string[] NotSeenByReading = [Fault.ImageUndecodable, Fault.ImageBomb, Fault.DuplicateRows, Fault.LeakExact, Fault.LeakNear];

    [Theory, MemberData(nameof(BeaverTailsCases.BrokenFiles), MemberType = typeof(BeaverTailsCases))]
    public void ReadingNamesFileRowAndColumn(string file)
    {
        JsonElement expected = BeaverTailsCases.Broken(file);
        string fault = expected.GetProperty("fault").GetString()!, path = Path.Combine(BeaverTailsCases.Root, "broken", file);
        bool textOnly = fault == Fault.ImageNull && PreferenceDataset.Open(path).ReadRows().All(row => row.Image?.Bytes is not null || row.Image is null);
        if (expected.GetProperty("level").GetString() == "warning" || NotSeenByReading.Contains(fault) || textOnly)
        {
            Assert.NotEmpty(PreferenceDataset.Open(path).ReadPairs());
            return;
        }
        long before = GC.GetTotalAllocatedBytes();
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => PreferenceDataset.Open(path).ReadPairs().Count());
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 64L << 20);
        Assert.Equal(fault, error.Finding!.Code);
        Assert.Contains(file, error.Message);
        Assert.DoesNotContain('\n', error.Message);
        long[] rows = BeaverTailsCases.Numbers(expected.GetProperty("rows"));
        Assert.Equal(rows.Length > 0 ? rows[0] : null, error.Finding.Row);
        Assert.Equal(BeaverTailsCases.Strings(expected.GetProperty("columns")).Order(), error.Finding.Columns.Order());
    }

    /// <summary>A cursor opens a row group once for each block of rows, and all readers of a data set share what was checked.</summary>
    [Fact]
    public void PageHeadersOfAGroupAreCheckedOnce()
    {
        CheckedGroups groups = new();
        int checks = 0;
        Assert.Throws<InvalidInputException>(() => groups.Check("file", 0, () => throw new InvalidInputException("damaged")));
        for (int i = 0; i < 3; i++) groups.Check("file", 0, () => checks++); // a group that failed is checked again
        groups.Check("file", 1, () => checks++);
        Assert.Equal(2, checks);

        PreferenceDataset data = PreferenceDataset.Open(Path.Combine(BeaverTailsCases.Root, BeaverTailsCases.GoodFiles.First().Data));
        Assert.Equal(data.CountRows(), new DatasetCursor(data, new CursorOptions { WindowRows = 4 }).RestOfEpoch().Count());
        foreach (string file in data.Parts.SelectMany(part => part.Files)) data.Checked.Check(file, 0, () => Assert.Fail($"{file} was read unchecked"));
    }
}
