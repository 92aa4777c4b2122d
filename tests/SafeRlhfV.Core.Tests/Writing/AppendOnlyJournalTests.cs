using SafeRlhfV.Testing;

namespace SafeRlhfV.Core.Tests;

public sealed class AppendOnlyJournalTests
{
    [Theory]
    [InlineData("notes without an end of line")]
    [InlineData("one line of notes\n")]
    [InlineData("\n")]
    [InlineData("{\"setting\": 1}")] // JSON, but without an end of line no line is whole
    [InlineData("{\"id\":\"a\"}\n")]
    [InlineData("{\"question\":\"a\",\"verdict\":1}\n")]
    public void AFileOfSomethingElseIsRefusedAndLeftAsItIs(string text)
    {
        using TemporaryFolder folder = new();
        string path = folder.At("file");
        File.WriteAllText(path, text);
        Assert.Contains(path, Assert.Throws<InvalidInputException>(() => AppendOnlyJournal.Open<Entry>(path, _ => { })).Message);
        Assert.Equal(text, File.ReadAllText(path));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{\"question\":\"cut sho")]
    public void AJournalThatAKillCutInItsFirstLineIsBegunAnew(string text)
    {
        using TemporaryFolder folder = new();
        string path = folder.At("file");
        File.WriteAllText(path, text);
        using (AppendOnlyJournal journal = AppendOnlyJournal.Open<Entry>(path, _ => Assert.Fail("no line is whole"))) journal.Append(new Entry("q", 2));
        Assert.Equal([new Entry("q", 2)], AppendOnlyJournal.Read<Entry>(path));
    }

    private sealed record Entry(string Question, int Answer);
}
