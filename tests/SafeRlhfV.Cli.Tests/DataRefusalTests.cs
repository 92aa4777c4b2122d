using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

[Collection(CapturedConsole.Name)]
public sealed class DataRefusalTests
{
    private static readonly string[] All = ["inspect", "validate", "stats", "dedupe", "convert", "split"], Writing = ["validate", "dedupe", "convert", "split"];

    public static IEnumerable<TheoryDataRow<string>> Verbs => All.Select(verb => new TheoryDataRow<string>(verb));

    public static IEnumerable<TheoryDataRow<string>> WritingVerbs => Writing.Select(verb => new TheoryDataRow<string>(verb));

    [Theory, MemberData(nameof(Verbs))]
    public async Task ADataSetThatIsNotThere(string verb)
    {
        using TemporaryFolder folder = new();
        await CapturedConsole.RefusedAsync([folder.At("nowhere"), "no such file or folder", "give a data set's folder"],
            Line(verb, folder.At("nowhere"), folder));
        Directory.CreateDirectory(folder.At("empty"));
        await CapturedConsole.RefusedAsync([folder.At("empty"), "holds no data", "data/<category>/train-00000-of-00001.parquet"],
            Line(verb, folder.At("empty"), folder));
        Assert.Equal([folder.At("empty")], Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Theory, MemberData(nameof(Verbs))]
    public async Task UsageThatIsNotKnown(string verb)
    {
        using TemporaryFolder folder = new();
        string data = Golden.At("beavertails-v", "flat");
        await CapturedConsole.RefusedAsync(["'--colour'", $"'safe-rlhf-v data {verb} --help'"], [.. Line(verb, data, folder), "--colour"]);
        (string option, string value) = verb switch
        {
            "inspect" => ("--rows", "some"),
            "stats" => ("--json", "perhaps"),
            "convert" => ("--to", "xlsx"),
            "split" => ("--seed", "luck"),
            _ => ("--threshold", "few"),
        };
        await CapturedConsole.RefusedAsync([verb == "stats" ? "argument" : option, $"'{value}'", "--help"], [.. Line(verb, data, folder), option, value]);
        await CapturedConsole.RefusedAsync(["data"], "data", verb);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Theory]
    [InlineData("inspect", "--rows", "-1", "give the number of rows")]
    [InlineData("inspect", "--split", "nightly", "it has")]
    [InlineData("inspect", "--config", "poetry", "it has")]
    [InlineData("validate", "--threshold", "65", "give 0 to 64 bits")]
    [InlineData("dedupe", "--threshold", "-1", "give 0 to 64 bits")]
    [InlineData("split", "--threshold", "65", "give 0 to 64 bits")]
    [InlineData("convert", "--layout", "round", "give one of paired, flat.")]
    [InlineData("convert", "--by", "luck", "give one of helpful, safe.")]
    public async Task AValueOutOfRange(string verb, string option, string value, string mend)
    {
        using TemporaryFolder folder = new();
        await CapturedConsole.RefusedAsync([value, mend], [.. Line(verb, Golden.At("beavertails-v", "flat"), folder), option, value]);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Theory, MemberData(nameof(WritingVerbs))]
    public async Task AFolderThatIsTakenIsLeftAsItIs(string verb)
    {
        using TemporaryFolder folder = new();
        Directory.CreateDirectory(folder.At("out"));
        File.WriteAllText(folder.At("out", "mine.txt"), "mine");
        await CapturedConsole.RefusedAsync([folder.At("out"), "not empty", "--overwrite"], Line(verb, Golden.At("beavertails-v", "flat"), folder));
        Assert.Equal("mine", File.ReadAllText(folder.At("out", "mine.txt")));
        Assert.Single(Directory.EnumerateFileSystemEntries(folder.At("out")));
        Assert.Equal([folder.At("out")], Directory.EnumerateFileSystemEntries(folder.Path));

        string[] line = [.. Line(verb, Golden.At("beavertails-v", "flat"), folder), "--overwrite"];
        Assert.Equal(0, (await CapturedConsole.RunAsync(line)).Code);
        Assert.False(File.Exists(folder.At("out", "mine.txt")));
        Assert.True(File.Exists(folder.At("out", "README.md")));

        line[Array.IndexOf(line, folder.At("out"))] = folder.At("out", "README.md");
        await CapturedConsole.RefusedAsync([folder.At("out", "README.md"), "a file of this name exists", "choose another folder"], line);
        line[Array.IndexOf(line, folder.At("out", "README.md"))] = "";
        await CapturedConsole.RefusedAsync(["name a folder"], line);
        line[Array.IndexOf(line, "")] = folder.At("out", "README.md", "below");
        await CapturedConsole.RefusedAsync([folder.At("out", "README.md", "below"), "cannot be written", "is a file", "choose another folder"], line);
    }

    [Theory, MemberData(nameof(Verbs))]
    public async Task AFileThatCannotBeRead(string verb)
    {
        using TemporaryFolder folder = new();
        string file = Golden.At("beavertails-v", "broken", "truncated.parquet");
        if (verb == "validate")
        {
            // what is wrong inside a data set is what it is asked for
            (int code, string output, _) = await CapturedConsole.RunAsync("data", verb, file);
            Assert.Equal(CliHost.CheckFailed, code);
            Assert.Contains($"error truncated-file: {file}", output);
            return;
        }
        await CapturedConsole.RefusedAsync([file, "cut off before its footer", "fetch the file again"], Line(verb, file, folder));
        File.WriteAllText(folder.At("rows.jsonl"), "not json\n");
        await CapturedConsole.RefusedAsync([folder.At("rows.jsonl"), "line 1 is not JSON", "mend or remove it"], Line(verb, folder.At("rows.jsonl"), folder));
        Assert.Equal([folder.At("rows.jsonl")], Directory.EnumerateFileSystemEntries(folder.Path));
    }

    /// <summary>Read as they are, the rows of another tool hold nothing, and all are alike.</summary>
    [Theory, MemberData(nameof(Verbs))]
    public async Task AnotherToolsRowsAreRefused(string verb)
    {
        if (verb == "validate") return; // DataValidateVerbTests
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("trl.jsonl"), """{"prompt":"Is it?","chosen":"Yes.","rejected":"No."}""" + "\n");
        await CapturedConsole.RefusedAsync([folder.At("trl.jsonl"), $"'safe-rlhf-v data import {folder.At("trl.jsonl")} --from trl --out FOLDER'"],
            Line(verb, folder.At("trl.jsonl"), folder));
        File.WriteAllText(folder.At("own.jsonl"), """{"ask":"Is it?","better":"Yes.","worse":"No."}""" + "\n");
        await CapturedConsole.RefusedAsync([folder.At("own.jsonl"), "(ask, better, worse)", "--columns"], Line(verb, folder.At("own.jsonl"), folder));
        Assert.False(Directory.Exists(folder.At("out")));
    }

    [Theory, InlineData("inspect"), InlineData("stats")]
    public async Task APageThatCannotBeWritten(string verb)
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("file"), "");
        string data = Golden.At("beavertails-v", "flat");
        string[] refusals = [folder.At("file", "page.html"), folder.Path, ""];
        string[] said = ["check the permissions", "is a folder; name a file", "name a file"];
        for (int i = 0; i < refusals.Length; i++)
        {
            (int code, string output, string errors) = await CapturedConsole.RunAsync("data", verb, data, "--html", refusals[i]);
            Assert.Equal((CliHost.BadInput, ""), (code, output));
            string line = errors.TrimEnd().Split('\n')[^1];
            Assert.Contains(refusals[i], line);
            Assert.Contains(said[i], line);
            Assert.DoesNotContain(".partial", line);
        }
        Assert.Equal([folder.At("file")], Directory.EnumerateFileSystemEntries(folder.Path));
        Assert.Empty(Directory.EnumerateFiles(Path.GetDirectoryName(folder.Path)!, $"{Path.GetFileName(folder.Path)}*.partial"));
    }

    private static string[] Line(string verb, string data, TemporaryFolder folder) => ["data", verb, data, .. verb switch
    {
        "validate" => (string[])["--fix", folder.At("out")],
        "dedupe" or "convert" or "split" => ["--out", folder.At("out")],
        _ => [],
    }];
}
