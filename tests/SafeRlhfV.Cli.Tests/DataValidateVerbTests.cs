using System.Security.Cryptography;
using System.Text.Json;
using SafeRlhfV.Data;
using SafeRlhfV.Data.Tests;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

[Collection(CapturedConsole.Name)]
public sealed class DataValidateVerbTests
{
    [Theory, MemberData(nameof(BeaverTailsCases.BrokenFiles), MemberType = typeof(BeaverTailsCases))]
    public async Task EachFaultIsFoundAndMendedOrLeftOutOfACopy(string file)
    {
        using TemporaryFolder folder = new();
        JsonElement expected = BeaverTailsCases.Broken(file);
        string path = Path.Combine(BeaverTailsCases.Root, "broken", file), clean = folder.At("clean"), before = HashOf(path);
        bool isError = expected.GetProperty("level").GetString() == "error";
        (int code, JsonElement report) = await CapturedConsole.JsonAsync("data", "validate", path);
        Assert.Equal(isError ? CliHost.CheckFailed : 0, code);
        JsonElement[] findings = [.. report.GetProperty("findings").EnumerateArray()];
        Assert.NotEmpty(findings);
        foreach (JsonElement finding in findings)
        {
            Assert.Equal(expected.GetProperty("fault").GetString(), finding.GetProperty("code").GetString());
            Assert.Equal(expected.GetProperty("level").GetString(), finding.GetProperty("severity").GetString());
            Assert.Contains(file, finding.GetProperty("file").GetString());
            Assert.NotEmpty(finding.GetProperty("what").GetString()!);
        }
        Assert.Equal(findings.Length, report.GetProperty(isError ? "errors" : "warnings").GetInt32());

        if (report.GetProperty("rows").GetInt64() == 0 || expected.GetProperty("scope").GetString() == "schema")
        {
            (code, string output, string errors) = await CapturedConsole.RunAsync("data", "validate", path, "--fix", clean);
            Assert.Equal((CliHost.BadInput, ""), (code, output));
            Assert.Contains("no row is sound", errors);
            Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
            return;
        }
        (code, report) = await CapturedConsole.JsonAsync("data", "validate", path, "--fix", clean);
        Assert.Equal(isError ? CliHost.CheckFailed : 0, code);
        Assert.Equal(before, HashOf(path));
        long kept = report.GetProperty("fix").GetProperty("kept").GetInt64();
        (code, JsonElement again) = await CapturedConsole.JsonAsync("data", "validate", clean);
        Assert.Equal((0, 0, kept), (code, again.GetProperty("errors").GetInt32(), again.GetProperty("rows").GetInt64()));

        JsonElement told = JsonDocument.Parse(File.ReadAllText(Path.Combine(clean, "report.json"))).RootElement;
        Assert.Equal(kept, told.GetProperty("kept").GetInt64());
        JsonElement[] dropped = [.. told.GetProperty("dropped").EnumerateArray()];
        Assert.All(dropped, one => Assert.Equal(("error", expected.GetProperty("fault").GetString()),
            (one.GetProperty("severity").GetString(), one.GetProperty("code").GetString())));
        Assert.Equal(told.GetProperty("rows").GetInt64() - kept,
            dropped.Count(one => one.GetProperty("row").ValueKind == JsonValueKind.Number && one.GetProperty("code").GetString() != Fault.CorruptPage));
    }

    [Theory, MemberData(nameof(BeaverTailsCases.GoodFolders), MemberType = typeof(BeaverTailsCases))]
    public async Task GoodSetsRaiseNoAlarmButForWhatWasPlanted(string set)
    {
        string path = Path.Combine(BeaverTailsCases.Root, set);
        (int code, JsonElement report) = await CapturedConsole.JsonAsync("data", "validate", path);
        string[] codes = [.. report.GetProperty("findings").EnumerateArray().Select(finding => finding.GetProperty("code").GetString()!)];
        Assert.Equal(code, codes.Any(one => one is Fault.DuplicateRows or Fault.LeakExact) ? CliHost.CheckFailed : 0);
        Assert.All(codes, one => Assert.Contains(one, (string[])[Fault.DuplicateRows, Fault.LeakExact, Fault.SaferContradictsRatesWithinLine]));
        Assert.Equal(PreferenceDataset.Open(path).CountRows(), report.GetProperty("rows").GetInt64());
    }

    [Fact]
    public async Task OwnNamesOfCategoriesAreMended()
    {
        using TemporaryFolder folder = new();
        string file = MinimalSet.Write(folder.Path, MinimalSet.Columns["guard"]);
        File.WriteAllText(file, File.ReadAllText(file).Replace("animal_abuse", "cruelty", StringComparison.Ordinal));
        string[] arguments = ["data", "validate", file, "--for", "guard"];
        (int code, JsonElement report) = await CapturedConsole.JsonAsync(arguments);
        Assert.Equal((CliHost.CheckFailed, MinimalSet.Rows / 2), (code, report.GetProperty("errors").GetInt32()));
        (code, report) = await CapturedConsole.JsonAsync([.. arguments, "--categories", "cruelty=animal_abuse", "--fix", folder.At("clean")]);
        Assert.Equal((0, MinimalSet.Rows), (code, report.GetProperty("fix").GetProperty("kept").GetInt32()));
        Assert.All(PreferenceDataset.Open(folder.At("clean")).ReadRows(), row => Assert.Equal("animal_abuse", row.Text("category")));
        await CapturedConsole.RefusedAsync(["not in the taxonomy"], [.. arguments, "--categories", "cruelty=nothing"]);
    }

    [Fact]
    public async Task PeopleReadEachFindingOnALineWithTheSumLast()
    {
        string path = Golden.At("beavertails-v", "paired");
        ValidationReport report = DatasetValidator.Check(path);
        (int code, string output, _) = await CapturedConsole.RunAsync("data", "validate", path);
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(CliHost.CheckFailed, code);
        Assert.Equal(report.Findings.Count + 1, lines.Length);
        Assert.All(report.Findings, finding => Assert.Contains($"{finding.Severity.ToString().ToLowerInvariant()} {finding.Code}: {finding}", lines));
        Assert.Equal($"{path}: 96 rows in 6 files, {report.Errors} errors, {report.Warnings} warnings", lines[^1]);
    }

    /// <summary>Another tool's data are named with their format, and the import that the last line gives makes them readable.</summary>
    [Theory]
    [InlineData("trl", "rows.jsonl", """{"prompt":"Is it?","chosen":"Yes.","rejected":"No."}""")]
    [InlineData("trl", "rows.csv", "prompt,chosen,rejected\nIs it?,Yes.,No.")]
    [InlineData("messages", "rows.jsonl", """{"messages":[{"role":"user","content":"Is it?"},{"role":"assistant","content":"Yes."}]}""")]
    [InlineData("sharegpt", "rows.json", """[{"conversations":[{"from":"human","value":"Is it?"},{"from":"gpt","value":"Yes."}]}]""")]
    public async Task AnotherToolsDataAreNamedWithTheirImport(string format, string file, string text)
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At(file), text + "\n");
        (int code, string output, _) = await CapturedConsole.RunAsync("data", "validate", folder.At(file));
        Assert.Equal(CliHost.CheckFailed, code);
        string line = output.Split('\n')[0];
        Assert.Equal($"{folder.At(file)} holds rows of the format '{format}': 'safe-rlhf-v data import {folder.At(file)} --from {format} --out FOLDER' makes a "
            + "data set of them, which all verbs read.", line);
        Assert.InRange(output.TrimEnd().Split('\n').Length, 2, 3); // the findings follow from the format
        string errors;
        (code, _, errors) = await CapturedConsole.RunAsync("data", "import", folder.At(file), "--from", format, "--out", folder.At("made"));
        Assert.True(code == 0, errors);
        (_, JsonElement report) = await CapturedConsole.JsonAsync("data", "validate", folder.At("made"), "--for", "ppo");
        Assert.Equal(JsonValueKind.Null, report.GetProperty("advice").ValueKind);
        Assert.Equal(0, report.GetProperty("errors").GetInt32());
    }

    /// <summary>Columns of a user's own names: what the first line says to do makes a data set of them.</summary>
    [Fact]
    public async Task ColumnsOfOtherNamesAreNamedWithTheirImport()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("rows.jsonl"), """{"ask":"Is it?","better":"Yes.","worse":"No."}""" + "\n");
        (int code, string output, _) = await CapturedConsole.RunAsync("data", "validate", folder.At("rows.jsonl"));
        Assert.Equal(CliHost.CheckFailed, code);
        Assert.StartsWith($"{folder.At("rows.jsonl")}: its columns (ask, better, worse) are those of no known format: 'safe-rlhf-v data import "
            + $"{folder.At("rows.jsonl")} --from trl --columns prompt=YOURS,chosen=YOURS,rejected=YOURS --out FOLDER' reads columns", output);
        (code, _, string errors) = await CapturedConsole.RunAsync("data", "import", folder.At("rows.jsonl"), "--from", "trl", "--columns", "prompt=ask",
            "--columns", "chosen=better,rejected=worse", "--out", folder.At("made"));
        Assert.True(code == 0, errors);
        (_, JsonElement report) = await CapturedConsole.JsonAsync("data", "validate", folder.At("made"), "--for", "dpo");
        Assert.Equal((0, 1), (report.GetProperty("errors").GetInt32(), report.GetProperty("rows").GetInt32()));
    }

    [Fact]
    public async Task ACopyNeverLiesInItsSourceNorInPlaceOfIt()
    {
        using TemporaryFolder folder = new();
        Copy(Golden.At("beavertails-v", "flat"), folder.At("above", "data"));
        string before = HashOf(folder.Path);
        foreach (string target in (string[])[folder.At("above", "data"), folder.At("above", "data", "clean"), folder.At("above"), folder.Path])
        {
            await CapturedConsole.RefusedAsync([target, "choose another folder"], "data", "validate", folder.At("above", "data"), "--fix", target,
                "--overwrite");
            await CapturedConsole.RefusedAsync([target, "choose another folder"], "data", "dedupe", folder.At("above", "data"), "--out", target, "--overwrite");
            await CapturedConsole.RefusedAsync([target, "choose another folder"], "data", "split", folder.At("above", "data"), "--out", target, "--overwrite");
            await CapturedConsole.RefusedAsync([target, "choose another folder"], "data", "convert", folder.At("above", "data"), "--out", target,
                "--overwrite");
        }
        Assert.Equal(before, HashOf(folder.Path));
    }

    private static void Copy(string from, string to)
    {
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    private static string HashOf(string path)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string file in File.Exists(path)
            ? (IEnumerable<string>)[path]
            : Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes(file));
            hash.AppendData(File.ReadAllBytes(file));
        }
        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
