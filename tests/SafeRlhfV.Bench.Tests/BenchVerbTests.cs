using System.Text.Json;
using SafeRlhfV.Cli.Tests;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Bench.Tests;

public sealed class BenchVerbTests
{
    [Fact]
    public async Task A_workload_prints_its_line_with_rates_that_fit_together()
    {
        CliRun run = await RunAsync("--workloads", "--only", "train-step", "--threads", "1", "--repeat", "1");
        Assert.Equal(0, run.ExitCode);
        JsonElement line = run.Json;
        Assert.Equal(("safe-rlhf-v", 1, "train-step"),
            (line.GetProperty("peer").GetString(), line.GetProperty("threads").GetInt32(), line.GetProperty("work").GetString()));
        Assert.Equal(16 * 128, line.GetProperty("ms").GetDouble() / 1e3 * line.GetProperty("tokens_per_s").GetDouble(), 16 * 128 * 0.01);
        Assert.InRange(line.GetProperty("mfu").GetDouble(), 1e-3, 2);
    }

    [Fact]
    public async Task Several_workloads_print_a_line_each_in_their_order()
    {
        CliRun run = await RunAsync("--only", "tokenizer", "image", "--threads", "2", "--repeat", "1", "--tokenizer",
            Golden.At("tokenizers", "llama3-style"));
        Assert.Equal(0, run.ExitCode);
        JsonElement[] lines = [.. run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(["image-clip336", "tokenizer"], lines.Select(line => line.GetProperty("work").GetString()));
        Assert.Equal([2, 1], lines.Select(line => line.GetProperty("threads").GetInt32())); // text is cut on one thread, whatever is allowed
    }

    [Fact]
    public async Task Reading_a_data_set_prints_a_line_for_each_way_beside_ParquetSharp()
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
    public async Task A_data_set_is_no_workload() => (await RunAsync("--workloads", "--data", AppContext.BaseDirectory)).MustRefuse("not both");

    [Fact]
    public async Task A_folder_without_rows_is_refused()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("notes.txt"), "no rows");
        (await RunAsync("--data", folder.Path)).MustRefuse("holds no data");
    }

    [Fact]
    public async Task An_unknown_workload_is_named() => (await RunAsync("--only", "sideways")).MustRefuse("'sideways'");

    [Fact]
    public async Task A_folder_without_a_tokenizer_is_refused() =>
        (await RunAsync("--only", "tokenizer", "--tokenizer", AppContext.BaseDirectory)).MustRefuse("tokenizer.json");

    [Fact]
    public async Task An_unknown_option_is_refused_as_the_product_does() =>
        (await RunAsync("--treads", "2")).MustRefuse("unknown option '--treads'; did you mean '--threads'?", "See 'safe-rlhf-v bench --help'.");

    [Fact]
    public async Task The_help_shows_the_line_that_is_typed()
    {
        CliRun run = await RunAsync("--help");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("safe-rlhf-v bench [options]", run.Output);
    }

    // as the launcher runs it
    private static Task<CliRun> RunAsync(params string[] arguments) =>
        CliRun.OfProgram(Path.Combine(AppContext.BaseDirectory, "SafeRlhfV.Bench.dll"), [], ["bench", .. arguments]);
}
