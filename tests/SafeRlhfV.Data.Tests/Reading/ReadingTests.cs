using SafeRlhfV.Testing;

namespace SafeRlhfV.Data.Tests;

public sealed class ReadingTests
{
    [Theory, MemberData(nameof(BeaverTailsCases.GoodFiles), MemberType = typeof(BeaverTailsCases))]
    public void EveryRowOfAFileHasItsDigest(string file)
    {
        PreferenceDataset data = PreferenceDataset.Open(Path.Combine(BeaverTailsCases.Root, file));
        string[] digests = BeaverTailsCases.Digests(file);
        Assert.Equal(digests.Length, data.CountRows());
        Assert.Equal(digests, data.ReadRows().Select(BeaverTailsCases.Digest));
        if (data.Layout == RowLayout.Paired) Assert.Equal(digests.Length, data.ReadPairs().Count());
        else Assert.Equal(digests.Length, data.ReadResponses().Count());
    }

    [Theory, MemberData(nameof(BeaverTailsCases.GoodFiles), MemberType = typeof(BeaverTailsCases))]
    public void ReadingCanStartAtAnyRow(string file)
    {
        string path = Path.Combine(BeaverTailsCases.Root, file);
        string[] digests = BeaverTailsCases.Digests(file);
        for (int start = 0; start <= digests.Length; start++)
        {
            DatasetRow[] rows = [.. PreferenceDataset.ReadFile(path, start)];
            Assert.Equal(digests[start..], rows.Select(BeaverTailsCases.Digest));
            if (rows.Length > 0) Assert.Equal((start, path), ((int)rows[0].Position.Row, rows[0].Position.File));
        }
    }

    [Theory, MemberData(nameof(BeaverTailsCases.GoodFolders), MemberType = typeof(BeaverTailsCases))]
    public void AFolderIsReadByItsCardAndWithoutIt(string folder)
    {
        string path = Path.Combine(BeaverTailsCases.Root, folder);
        PreferenceDataset byCard = PreferenceDataset.Open(path), byNames = PreferenceDataset.Open(Path.Combine(path, "data"));
        Assert.Empty(byCard.AbsentConfigs);
        Assert.Equal(Names(byCard), Names(byNames));
        Assert.Contains("train", byCard.Splits);
        Assert.Contains("evaluation", byCard.Splits);
        foreach (DatasetPart part in byCard.Parts)
        {
            string[] expected = [.. part.Files.SelectMany(file => BeaverTailsCases.Digests(Path.GetRelativePath(BeaverTailsCases.Root, file)))];
            DatasetRow[] rows = [.. byCard.ReadRows(part.Split, part.Config)];
            Assert.Equal(expected, rows.Select(BeaverTailsCases.Digest));
            Assert.Equal(expected.Length, byCard.CountRows(part.Split, part.Config));
            Assert.All(rows, (row, index) => Assert.Equal($"{part.Config}/{part.Split}/{index}", row.Position.ToString()));
            Assert.All(rows, row => Assert.Equal(part.Config, row.Text("category")));
        }

        static IEnumerable<(string, string, int)> Names(PreferenceDataset data) =>
            data.Parts.Select(part => (part.Config, part.Split, part.Files.Count)).Order();
    }

    [Theory, MemberData(nameof(BeaverTailsCases.JsonlFiles), MemberType = typeof(BeaverTailsCases))]
    public void JsonlHoldsTheSameRowsAsItsParquet(string file)
    {
        string path = Path.Combine(BeaverTailsCases.Root, file), parquet = Path.Combine(BeaverTailsCases.Root, "jsonl", "rows.parquet");
        Assert.SkipUnless(File.Exists(parquet), "no Parquet file to compare with");
        Assert.Equal(PreferenceDataset.Open(parquet).ReadPairs().Select(WithoutPath), PreferenceDataset.Open(path).ReadPairs().Select(WithoutPath));

        static (PreferencePair, string) WithoutPath(PreferencePair pair) => (pair with { Image = null }, Convert.ToHexString(pair.Image!.Bytes!));
    }

    [Theory, MemberData(nameof(BeaverTailsCases.GoodFolders), MemberType = typeof(BeaverTailsCases))]
    public void PairsReadAsResponsesGiveBothAnswers(string folder)
    {
        PreferenceDataset data = PreferenceDataset.Open(Path.Combine(BeaverTailsCases.Root, folder));
        ModeratedResponse[] responses = [.. data.ReadResponses()];
        Assert.Equal(data.CountRows() * (data.Layout == RowLayout.Paired ? 2 : 1), responses.Length);
        if (data.Layout == RowLayout.Paired)
            Assert.Equal(data.ReadPairs().SelectMany(pair => (string[])[pair.Response1.Text, pair.Response2.Text]),
                responses.Select(response => response.Response));
        else Assert.Throws<InvalidInputException>(() => data.ReadPairs().Count());
    }

    [Fact]
    public void UnknownPlacesAreNamed()
    {
        using TemporaryFolder folder = new();
        string good = Path.Combine(BeaverTailsCases.Root, BeaverTailsCases.GoodFolders.First().Data);
        Assert.Contains("no such file", Assert.Throws<InvalidInputException>(() => PreferenceDataset.Open(folder.At("nothing"))).Message);
        Assert.Contains("holds no data", Assert.Throws<InvalidInputException>(() => PreferenceDataset.Open(folder.Path)).Message);
        Assert.Contains("no split 'holdout'", Assert.Throws<InvalidInputException>(() => PreferenceDataset.Open(good).CountRows("holdout")).Message);
        Assert.Contains("no configuration 'x'", Assert.Throws<InvalidInputException>(() => PreferenceDataset.Open(good).ReadPairs(config: "x")).Message);
    }

    [Theory]
    [InlineData("configs: [", "not YAML")]
    [InlineData("configs: 3", "must be a list")]
    [InlineData("configs:\n- config_name: a\n  data_files: ../secret/*", "leaves the data set's folder")]
    [InlineData("configs:\n- config_name: a\n  data_files: https://example.org/a.parquet", "on the network")]
    [InlineData("configs:\n- config_name: a\n  data_files: data/none-*", "holds no data of the configurations")]
    public void ABadCardIsNamed(string card, string message)
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("README.md"), $"---\n{card}\n---\n");
        File.Copy(Path.Combine(BeaverTailsCases.Root, BeaverTailsCases.GoodFiles.First().Data), folder.At("rows.parquet"));
        Assert.Contains(message, Assert.Throws<InvalidInputException>(() => PreferenceDataset.Open(folder.Path)).Message);
    }

    [Fact]
    public void AHostileCardNeitherRecursesNorExpands()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("README.md"), $"---\nconfigs: {new string('[', 100_000)}\n---\n");
        Assert.Contains("nested", Assert.Throws<InvalidInputException>(() => PreferenceDataset.Open(folder.Path)).Message);
        string bomb = string.Join('\n', Enumerable.Range(1, 40).Select(i => $"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]"));
        File.WriteAllText(folder.At("README.md"), $"---\na0: &a0 [x, x]\n{bomb}\n---\n");
        Assert.Contains("holds no data", Assert.Throws<InvalidInputException>(() => PreferenceDataset.Open(folder.Path)).Message);
    }

    [Fact]
    public void AMissingShardIsNamed()
    {
        using TemporaryFolder folder = new();
        string some = Path.Combine(BeaverTailsCases.Root, BeaverTailsCases.GoodFiles.First().Data);
        File.Copy(some, folder.At("train-00000-of-00003.parquet"));
        File.Copy(some, folder.At("train-00002-of-00003.parquet"));
        Assert.Contains("train-00001-of-00003.parquet: this shard", Assert.Throws<InvalidInputException>(() => PreferenceDataset.Open(folder.Path)).Message);
    }
}
