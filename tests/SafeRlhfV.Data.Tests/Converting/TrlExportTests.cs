using SafeRlhfV.Testing;

namespace SafeRlhfV.Data.Tests;

public sealed class TrlExportTests
{
    // TRL: conversational columns, content parts, as many image placeholders as images
    [Theory]
    [InlineData("beavertails-v/paired", false)]
    [InlineData("beavertails-v/paired", true)]
    [InlineData("formats/multi/paired", true)]
    public void RowsAreConversationalWithAsManyPlaceholdersAsImages(string set, bool safe)
    {
        using TemporaryFolder folder = new();
        DatasetMender.Write(Golden.At(set.Split('/')), folder.At("rows"));
        PreferenceDataset source = PreferenceDataset.Open(folder.At("rows"));
        DatasetConverter.Convert(source, folder.At("trl"), new ConversionOptions { Format = ExportFormat.Trl, BySafety = safe });
        ConversationRecord[] expected = [.. source.ReadRecords()];
        SourceMap[] rows = [.. Directory.EnumerateFiles(folder.At("trl"), "*.parquet", SearchOption.AllDirectories).SelectMany(file => ParquetTable.Read(file))
            .Select(row => row.Value!)];
        Assert.Equal(expected.Length, rows.Length);
        foreach (SourceMap row in rows)
        {
            Assert.Equal(["images", "prompt", "chosen", "rejected"], row.Keys);
            List<object?> images = (List<object?>)row["images"]!;
            SourceMap[] prompt = Messages(row["prompt"]), chosen = Messages(row["chosen"]), rejected = Messages(row["rejected"]);
            Assert.Equal(images.Count, prompt.Concat(chosen).Concat(rejected).SelectMany(Parts).Count(part => (string)part["type"]! == "image"));
            Assert.All(images, image => Assert.NotEmpty((byte[])((SourceMap)image!)["bytes"]!));
            Assert.Equal("user", prompt[^1]["role"]);
            foreach (SourceMap[] answer in (SourceMap[][])[chosen, rejected])
            {
                Assert.Equal("assistant", Assert.Single(answer)["role"]);
                Assert.Equal("text", Assert.Single(Parts(answer[0]))["type"]);
            }
        }
        Assert.Equal(expected.Select(record => Preferred(record, safe)).Order(),
            rows.Select(row => (string)Parts(Messages(row["chosen"])[0]).Single()["text"]!).Order());
    }

    private static string Preferred(ConversationRecord record, bool safe) =>
        record.Of((safe ? record.Preferences.Safe : record.Preferences.Helpful)!.Value).Text;

    private static SourceMap[] Messages(object? list) => [.. ((List<object?>)list!).Cast<SourceMap>()];

    private static IEnumerable<SourceMap> Parts(SourceMap message) => ((List<object?>)message["content"]!).Cast<SourceMap>();
}
