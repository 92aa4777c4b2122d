using System.Text.Json.Nodes;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Data.Tests;

public sealed class AnnotationTests
{
    private static readonly AnnotationRecord[] Records =
    [
        new("a", "ann", 1, 2, -1, 2, 2, 1, "animal_abuse", 2), new("a", "bob", 1, 2, -2, 1, 3, 1, "animal_abuse", 2),
        new("b", "ann", 2, 2, 0, 1, 1, 2, "animal_abuse", 1), new("b", "bob", 1, 1, 1, 0, 1, 1, "animal_abuse", 3),
        new("c", "ann", 2, 1, 2, -3, 0, 3),
    ];

    [Fact]
    public void TheFileThereAndBackIsTheSame()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At(AnnotationFile.Name), AnnotationFile.Write(Records));
        Assert.Equal(Records, AnnotationFile.Of(folder.Path));
        Assert.Empty(AnnotationFile.Of(folder.At("nowhere")));
    }

    [Theory]
    [InlineData("""{"item":"a","annotator":"x","more_helpful":3,"safer":1,"harmless1":0,"harmless2":0,"helpful1":0,"helpful2":0}""", "preference")]
    [InlineData("""{"item":"a","annotator":"x","more_helpful":1,"safer":1,"harmless1":-1,"harmless2":0,"helpful1":0,"helpful2":0}""", "safer")]
    [InlineData("""{"item":"a","annotator":"x","more_helpful":1}""", "required")]
    [InlineData("nonsense", "line 2")]
    public void BadLinesAreNamed(string line, string what)
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At(AnnotationFile.Name), AnnotationFile.Write(Records[..1]) + line + "\n");
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => AnnotationFile.Of(folder.Path));
        Assert.Contains("line 2", error.Message);
        Assert.Contains(what, error.Message);
    }

    [Fact]
    public void AgreementIsThatOfThePlainFigures()
    {
        JsonObject agreement = AnnotationAgreement.Describe(Records);
        Assert.Equal((3, 2), (agreement["items"]!.GetValue<int>(), agreement["items_with_several"]!.GetValue<int>()));
        JsonObject safer = agreement["labels"]!["safer"]!.AsObject();
        Assert.Equal(0.5, safer["equal"]!.GetValue<double>());
        Assert.Equal(Agreement.KrippendorffAlpha([[2, 2], [2, 1]], AgreementMetric.Nominal), safer["alpha"]!.GetValue<double>(), 6);
        Assert.Equal(Agreement.CohenKappa([2, 2], [2, 1]), safer["kappa"]![0]!["kappa"]!.GetValue<double>(), 6);
        // the two answers are two items
        Assert.Equal(4, agreement["labels"]!["is_safe"]!["items_with_several"]!.GetValue<int>());
        Assert.Equal(1.0, agreement["labels"]!["is_safe"]!["alpha"]!.GetValue<double>());
        Assert.Equal(Agreement.KrippendorffAlpha([[-1, -2], [2, 1], [0, 1], [1, 0]], AgreementMetric.Ordinal),
            agreement["labels"]!["harmless_rate"]!["alpha"]!.GetValue<double>(), 6);
    }

    [Fact]
    public void StatisticsTellItWhereSeveralAnnotated()
    {
        using TemporaryFolder folder = new();
        using (BeaverTailsWriter writer = BeaverTailsWriter.Create(folder.At("data")))
        {
            foreach (PreferencePair pair in PreferenceDataset.Open(Golden.At("beavertails-v", "paired")).ReadPairs().Take(3)) writer.Add("train", pair);
            writer.Attach(AnnotationFile.Name, AnnotationFile.Write(Records));
            writer.Complete();
        }
        JsonObject statistics = DatasetStatistics.Describe(PreferenceDataset.Open(folder.At("data")));
        Assert.Equal(2, statistics["agreement"]!["items_with_several"]!.GetValue<int>());
        Assert.Equal(2, statistics["agreement"]!["annotators"]!.AsObject().Count);
    }

    [Fact]
    public void AJournalKeepsWholeLinesAndDropsACutOne()
    {
        using TemporaryFolder folder = new();
        string path = folder.At("deep", "journal.jsonl");
        using (AppendOnlyJournal journal = AppendOnlyJournal.Open<AnnotationRecord>(path, _ => Assert.Fail("it is new")))
        {
            foreach (AnnotationRecord record in Records) journal.Append(record);
            Assert.Contains("another run", Assert.Throws<InvalidInputException>(() => AppendOnlyJournal.Open<AnnotationRecord>(path, _ => { })).Message);
            Assert.Equal(Records, AppendOnlyJournal.Read<AnnotationRecord>(path));
        }
        byte[] whole = File.ReadAllBytes(path);
        for (int cut = 1; cut < whole.Length; cut += 37)
        {
            File.WriteAllBytes(path, whole[..^cut]);
            int kept = whole[..^cut].Count(letter => letter == '\n');
            List<AnnotationRecord> read = [];
            using (AppendOnlyJournal journal = AppendOnlyJournal.Open<AnnotationRecord>(path, read.Add)) journal.Append(Records[0]);
            Assert.Equal(Records[..kept], read);
            Assert.Equal([.. Records[..kept], Records[0]], AppendOnlyJournal.Read<AnnotationRecord>(path));
        }
        File.WriteAllText(path, "{ broken\n" + System.Text.Encoding.UTF8.GetString(whole));
        Assert.Contains("line 1", Assert.Throws<InvalidInputException>(() => AppendOnlyJournal.Open<AnnotationRecord>(path, _ => { })).Message);
        File.WriteAllText(path, "{\"another\": \"file\"}\n");
        Assert.Contains("not a line of this journal",
            Assert.Throws<InvalidInputException>(() => AppendOnlyJournal.Open<AnnotationRecord>(path, _ => { })).Message);
        Assert.Equal("{\"another\": \"file\"}\n", File.ReadAllText(path));
    }
}
