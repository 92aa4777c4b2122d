using SafeRlhfV.Testing;

namespace SafeRlhfV.Data.Tests;

/// <summary>Rules that no case of golden/formats shows.</summary>
public sealed class DatasetImportTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private const string Turn = "{\"role\": \"user\", \"content\": \"Q\"}, {\"role\": \"assistant\", \"content\": \"A\"}";

    [Theory]
    [InlineData("{\"messages\": [" + Turn + "]}\n{\"conversations\": [{\"from\": \"human\", \"value\": \"Q\"}]}", ImportFault.Mixed)]
    [InlineData("{\"prompt\": \"Q\", \"chosen\": \"A\", \"rejected\": \"B\"}\n{\"messages\": [" + Turn + "]}", ImportFault.Mixed)]
    [InlineData("{\"messages\": [" + Turn + "]}\n{\"id\": 3}", ImportFault.Mixed)]
    [InlineData("{\"question\": \"Q\", \"response\": \"A\", \"is_response_safe\": \"yes\"}\n{\"messages\": [" + Turn + "]}", ImportFault.Mixed)]
    [InlineData("{\"instruction\": \"Q\", \"output\": \"A\"}", ImportFault.NotDetected)]
    [InlineData("[1, 2]\nnot json", ImportFault.NotDetected)]
    public void AutoRefuses(string lines, string code)
    {
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => Open(lines));
        Assert.Equal(code, error.Finding?.Code);
    }

    [Theory]
    [InlineData("{\"messages\": [" + Turn + "]}\n{}\n7", "messages")] // rows without any column say nothing of the format
    [InlineData("{\"messages\": [" + Turn + "], \"label\": 1}", "messages")]
    [InlineData("{\"messages\": [" + Turn + "]}\n{\"messages\": [" + Turn + "], \"label\": true}", "ms-swift")]
    [InlineData("{\"messages\": [" + Turn + "]}\n{\"messages\": [{\"role\": \"developer\", \"content\": \"S\"}, " + Turn + "]}", "openai")]
    [InlineData("{\"messages\": [" + Turn
        + "], \"image\": null}\n{\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"image\"}]}], \"image\": null}", "trl")]
    [InlineData("{\"conversations\": [{\"from\": \"human\", \"value\": \"Q\"}]}\n{\"conversations\": [], \"image\": null}", "llava")]
    [InlineData("{\"message\": [], \"prompt\": \"Q\"}", "trl")]
    public void AutoLooksAtAllRows(string lines, string format) => Assert.Equal(format, Open(lines).Format);

    [Theory]
    [InlineData("messages", "{\"messages\": [{\"role\": \"user\", \"content\": \"<image>Q\"}], \"images\": [\"in/../../x.png\"]}", DropReason.ImageOutside)]
    [InlineData("messages", "{\"messages\": [{\"role\": \"user\", \"content\": \"<image>Q\"}], \"images\": [\"/etc/hostname\"]}", DropReason.ImageOutside)]
    [InlineData("messages", "{\"messages\": [{\"role\": \"user\", \"content\": \"<image>Q\"}], \"images\": [\"gs://bucket/a.png\"]}", DropReason.ImageUrl)]
    [InlineData("messages", "{\"messages\": [{\"role\": \"user\", \"content\": \"<image>Q\"}], \"images\": "
        + "[\"/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAcFBQYFBAcGBgYIBwcICxILCwoKCxYP\"]}", DropReason.ImageUndecodable)]
    [InlineData("messages", "{\"messages\": [{\"role\": \"user\", \"content\": \"<image>Q\"}], \"images\": [{\"width\": 3}]}", DropReason.ImageUnreadable)]
    [InlineData("messages", "{\"messages\": [" + Turn + ", {\"role\": \"assistant\", \"content\": \"A\"}]}", DropReason.Roles)]
    [InlineData("messages", "{\"messages\": [" + Turn + ", {\"role\": \"system\", \"content\": \"S\"}]}", DropReason.Roles)]
    [InlineData("messages", "{\"messages\": [" + Turn + ", 7]}", DropReason.Roles)]
    [InlineData("messages", "{\"messages\": [{\"role\": \"user\", \"content\": 7}]}", DropReason.PartUnknown)]
    [InlineData("messages", "{\"messages\": [" + Turn + "], \"tools\": \"[{}]\"}", DropReason.Tools)]
    [InlineData("messages", "{\"messages\": null}", DropReason.Empty)]
    [InlineData("messages", "{\"messages\": [{\"role\": \"system\", \"content\": [{\"type\": \"image\"}]}, " + Turn + "], \"images\": [\"a.png\"]}",
        DropReason.ImageInAnswer)]
    [InlineData("openrlhf", "{\"message\": \"[{\", \"answer\": \"A\"}", DropReason.BadJson)]
    [InlineData("beavertails", "{\"question\": \"\", \"image\": \"a.png\", \"response\": \"A\", \"is_response_safe\": \"yes\"}", DropReason.EmptyText)]
    [InlineData("beavertails", "{\"question\": \"Q\", \"messages\": null, \"response\": \"A\", \"is_response_safe\": NaN}", DropReason.LabelMissing)]
    [InlineData("beavertails", "{\"question\": \"Q\", \"messages\": null, \"response_1\": \"A\", \"response_2\": \"B\", \"more_helpful_response_id\": 3}",
        DropReason.PreferenceMissing)]
    [InlineData("trl", "{\"chosen\": \"Q A\", \"rejected\": \"Q B\"}", DropReason.PairPrompt)] // texts share no messages
    [InlineData("trl", "{\"prompt\": \"Q\", \"completion\": \"A\", \"label\": \"perhaps\"}", DropReason.LabelUnreadable)]
    // steps with labels of their own
    [InlineData("trl", "{\"prompt\": \"Q\", \"completions\": [\"S\", \"T\"], \"labels\": [true, false]}", DropReason.PartUnknown)]
    [InlineData("ms-swift", "{\"query\": \"Q\", \"response\": \"A\", \"history\": [[\"only one\"]]}", DropReason.Roles)]
    [InlineData("messages", "{\"messages\": [{\"role\": \"user\", \"content\": \"Q\"}, {\"role\": \"assistant\", \"content\": \" \\n\"}]}",
        DropReason.EmptyAnswer)]
    [InlineData("messages", "{\"messages\": [{\"role\": \"user\", \"content\": \"\\t\"}, {\"role\": \"assistant\", \"content\": \"A\"}]}",
        DropReason.EmptyText)]
    [InlineData("trl", "{\"prompt\": \"Q\", \"chosen\": \"A\", \"rejected\": \"  \"}", DropReason.EmptyAnswer)]
    public void ARowIsLeftOutWithItsReason(string from, string line, string reason)
    {
        DatasetImport import = Open(line, from);
        Assert.Empty(import.Read());
        Assert.Equal(reason, Assert.Single(import.Report.DroppedRows).Reason);
    }

    [Fact]
    public void AnAnswerThatIsNotLearntStaysNotLearnt()
    {
        ConversationRecord record = Assert.Single(Open("{\"messages\": [" + Turn.Replace("\"A\"", "\"A\", \"loss\": false", StringComparison.Ordinal) + "]}")
            .Read());
        Assert.Equal([null, false], record.Messages.Select(message => message.Loss));
    }

    [Fact]
    public void AColumnThatNoRowHasIsNamed()
    {
        DatasetImport import = Open("{\"query\": \"Q\", \"response\": \"A\"}", "ms-swift",
            new ImportOptions { Columns = new Dictionary<string, string> { ["response"] = "out.put" } });
        Assert.Contains("out.put", Assert.Throws<InvalidInputException>(() => import.Read().ToList()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ACategoryMayStandOnlyForOneOfTheTwenty() => Assert.Contains("nothing", Assert.Throws<InvalidInputException>(() =>
        Open("{}", "beavertails", new ImportOptions { Categories = new Dictionary<string, string> { ["mine"] = "nothing" } })).Message,
            StringComparison.Ordinal);

    [Theory]
    [InlineData("{\"a\": {\"file_name\": \"rows.jsonl\"}, \"b\": {\"file_name\": \"rows.jsonl\"}}", null, "--dataset")]
    [InlineData("{\"a\": {\"file_name\": \"rows.jsonl\"}}", "c", "'c'")]
    [InlineData("{\"a\": {\"file_name\": \"gone.jsonl\"}}", null, "gone.jsonl")]
    [InlineData("{\"a\": {\"file_name\": \"rows.jsonl\", \"num_samples\": 5}}", null, "num_samples")]
    [InlineData("{\"a\": {\"file_name\": \"rows.jsonl\", \"formatting\": \"chatml\"}}", null, "formatting")]
    [InlineData("{\"a\": {\"ms_hub_url\": \"some/where\"}}", null, ImportFault.NotLocal)]
    public void AnIndexThatCannotBeFollowedIsNamed(string index, string? dataset, string named)
    {
        File.WriteAllText(folder.At("rows.jsonl"), "{\"instruction\": \"Q\", \"output\": \"A\"}");
        File.WriteAllText(folder.At("dataset_info.json"), index);
        Assert.Contains(named, Assert.Throws<InvalidInputException>(() =>
            DatasetImport.Open(folder.Path, "auto", new ImportOptions { Dataset = dataset })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnIndexWithoutColumnsUsesTheDefaultNames()
    {
        File.WriteAllText(folder.At("rows.jsonl"), "{\"instruction\": \"Q\", \"input\": \"more\", \"output\": \"A\", \"system\": \"not read\"}");
        File.WriteAllText(folder.At("dataset_info.json"), "{\"a\": {\"file_name\": \"rows.jsonl\"}}");
        ConversationRecord record = Assert.Single(DatasetImport.Open(folder.Path).Read());
        Assert.Equal(["Q\nmore", "A"], record.Messages.Select(message => message.Text));
    }

    [Fact]
    public void FoldersNameColumnsThatTheirFilesLack()
    {
        string[] folders = [folder.At("split=test", "category=animal%5Fabuse"), folder.At("split=train", "category=__HIVE_DEFAULT_PARTITION__")];
        foreach (string one in folders)
            File.WriteAllText(Path.Combine(Directory.CreateDirectory(one).FullName, "part-00000.jsonl"),
                "{\"question\": \"Q\", \"messages\": null, \"response\": \"A\", \"is_response_safe\": \"yes\"}");
        Assert.Equal([("test", "animal_abuse"), ("train", null)],
            DatasetImport.Open(folder.Path).Read().Select(record => (record.Source.Split, record.Labels.Category)));
    }

    [Fact]
    public void WhatIsNotThereIsNamed()
    {
        File.WriteAllText(folder.At("notes.md"), "no rows");
        Assert.Contains("no such file", Assert.Throws<InvalidInputException>(() => DatasetImport.Open(folder.At("gone"))).Message, StringComparison.Ordinal);
        Assert.Contains("no file of rows", Assert.Throws<InvalidInputException>(() => DatasetImport.Open(folder.Path)).Message, StringComparison.Ordinal);
        Assert.Contains("notes.md", Assert.Throws<InvalidInputException>(() => DatasetImport.Open(folder.At("notes.md"))).Message, StringComparison.Ordinal);
        Assert.Contains("dataset_info.json", Assert.Throws<InvalidInputException>(() => DatasetImport.Open(folder.Path, "llama-factory")).Message,
            StringComparison.Ordinal);
        Assert.Contains("--images", Assert.Throws<InvalidInputException>(() =>
            DatasetImport.Open(folder.Path, "auto", new ImportOptions { Images = folder.At("gone") })).Message, StringComparison.Ordinal);
        Assert.Contains("--from", Assert.Throws<InvalidInputException>(() => DatasetImport.Open(folder.Path, "parquet")).Message, StringComparison.Ordinal);
    }

    public void Dispose() => folder.Dispose();

    private DatasetImport Open(string lines, string from = ImportFormats.Auto, ImportOptions? options = null)
    {
        string file = Path.Combine(folder.Path, $"{Guid.NewGuid():N}.jsonl");
        File.WriteAllText(file, lines);
        return DatasetImport.Open(file, from, options);
    }
}
