using System.Diagnostics;
using System.Text.Json;
using SafeRlhfV.Cli.Tests;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Bench.Tests;

public sealed class BenchVerbTests
{
    [Fact]
    public async Task AWorkloadPrintsItsLineWithRatesThatFitTogether()
    {
        CliRun run = await RunAsync("--workloads", "--only", "train-step", "--threads", "1", "--repeat", "1");
        Assert.Equal(0, run.ExitCode);
        JsonElement line = run.Json;
        Assert.Equal(("safe-rlhf-v", 1, "train-step"),
            (line.GetProperty("peer").GetString(), line.GetProperty("threads").GetInt32(), line.GetProperty("work").GetString()));
        Assert.Equal(16 * 128, line.GetProperty("ms").GetDouble() / 1e3 * line.GetProperty("tokens_per_s").GetDouble(), 16 * 128 * 0.01);
        // a share of the machine's rate, which other work lowers while it is measured
        Assert.InRange(line.GetProperty("mfu").GetDouble(), 1e-3, 1e3);
    }

    // from another folder than the repository's root
    [Fact]
    public async Task QuestionsAboutAnImageGiveTheSameTokensInThreeWays()
    {
        CliRun run = await RunAsync("--only", "image-questions", "--threads", "2", "--repeat", "1");
        Assert.Equal(0, run.ExitCode);
        JsonElement line = Assert.Single(run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(text => JsonElement.Parse(text)));
        Assert.InRange(line.GetProperty("shared_to_one_by_one").GetDouble(), 0.1, 100);
    }

    [Fact]
    public async Task SeveralWorkloadsPrintALineEachInTheirOrder()
    {
        CliRun run = await RunAsync("--only", "tokenizer", "image-clip336", "--threads", "2", "--repeat", "1", "--tokenizer",
            Golden.At("tokenizers", "llama3-style"));
        Assert.Equal(0, run.ExitCode);
        JsonElement[] lines = [.. run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(["image-clip336", "tokenizer"], lines.Select(line => line.GetProperty("work").GetString()));
        Assert.Equal([2, 1], lines.Select(line => line.GetProperty("threads").GetInt32())); // text is cut on one thread, whatever is allowed
    }

    // neither named, nor below the current folder
    [Fact]
    public async Task TheRepositorysTokenizerIsFoundFromAnyFolder()
    {
        using TemporaryFolder folder = new();
        ProcessStartInfo start = new("dotnet", [Path.Combine(AppContext.BaseDirectory, "SafeRlhfV.Bench.dll"), "bench", "--only", "tokenizer", "--repeat", "1"])
        {
            WorkingDirectory = folder.Path,
            RedirectStandardOutput = true,
        };
        using Process process = Process.Start(start)!;
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
        Assert.Equal("tokenizer", JsonElement.Parse(output).GetProperty("work").GetString());
    }

    [Fact]
    public async Task ReadingADataSetPrintsALineForEachWayBesideParquetSharp()
    {
        string folder = Golden.At("beavertails-v", "paired");
        CliRun run = await RunAsync("--data", folder, "--repeat", "1");
        Assert.Equal(0, run.ExitCode);
        JsonElement[] lines = [.. run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(["data-raw-pages", "data-raw-values", "data-scan", "data-cursor", "data-decode-1", "data-decode-all", "data-validate"],
            lines.Select(line => line.GetProperty("work").GetString()));
        Assert.Equal(2, lines.Count(line => line.GetProperty("peer").GetString() == "ParquetSharp"));
        foreach (JsonElement line in lines)
        {
            Assert.Equal(96, line.GetProperty("rows").GetInt64());
            Assert.Equal(96 / line.GetProperty("seconds").GetDouble(), line.GetProperty("rows_per_s").GetDouble(),
                96 / line.GetProperty("seconds").GetDouble() * 0.05 + 1);
            Assert.InRange(line.GetProperty("peak_rss_mib").GetInt64(), 20, 300);
        }
    }

    [Fact]
    public async Task ADataSetIsNoWorkload() => (await RunAsync("--workloads", "--data", AppContext.BaseDirectory)).MustRefuse("not both");

    [Fact]
    public async Task AFolderWithoutRowsIsRefused()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("notes.txt"), "no rows");
        (await RunAsync("--data", folder.Path)).MustRefuse("holds no data");
    }

    [Fact]
    public async Task AnUnknownWorkloadIsNamed() => (await RunAsync("--only", "sideways")).MustRefuse("'sideways'");

    [Fact]
    public async Task AFolderWithoutATokenizerIsRefused() =>
        (await RunAsync("--only", "tokenizer", "--tokenizer", AppContext.BaseDirectory)).MustRefuse("tokenizer.json");

    [Fact]
    public async Task AnUnknownOptionIsRefusedAsTheProductDoes() =>
        (await RunAsync("--treads", "2")).MustRefuse("unknown option '--treads'; did you mean '--threads'?", "See 'safe-rlhf-v bench --help'.");

    [Fact]
    public async Task TheHelpShowsTheLineThatIsTyped()
    {
        CliRun run = await RunAsync("--help");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("safe-rlhf-v bench [command] [options]", run.Output);
    }

    // as the launcher runs it
    private static Task<CliRun> RunAsync(params string[] arguments) =>
        CliRun.OfProgram(Path.Combine(AppContext.BaseDirectory, "SafeRlhfV.Bench.dll"), [], ["bench", .. arguments]);
}
