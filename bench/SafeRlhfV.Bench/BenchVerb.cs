using System.CommandLine;
using System.Diagnostics;

namespace SafeRlhfV.Bench;

/// <summary><c>bench</c>: times fixed workloads on tiny sizes, or reading a data set, one JSON line a figure.</summary>
internal static class BenchVerb
{
    public static Command Create()
    {
        Option<bool> workloads = new("--workloads") { Description = "The fixed workloads (what runs without --data, so this may be left out)." };
        Option<string?> data = new("--data")
        {
            Description = "Time reading the data set in this folder instead, beside ParquetSharp. Where there is no such folder, 400 MB of rows with images "
                + "of noise are written to it first.",
        };
        Option<int> copies = new("--copies")
        {
            Description = "With --data: how often the rows are written to a new folder (10 gives 4 GB).",
            DefaultValueFactory = _ => 1
        };
        Option<bool> once = new("--once") { Hidden = true };
        Option<int> threads = new("--threads") { Description = "Threads of one operation.", DefaultValueFactory = _ => 2 };
        Option<string[]> only = new("--only")
        {
            Description = $"Some of them, or their first words (decode is decode-b1 and decode-b16): {string.Join(", ", Workloads.All.Keys)}; with --data: "
                + $"{string.Join(", ", DataWork.All.Keys)}.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [],
        };
        Option<int> repeat = new("--repeat")
        {
            Description = "Timed runs of a workload; the median counts (a third of them, but 3, for the long ones).",
            DefaultValueFactory = _ => 9
        };
        Option<string?> tokenizer = new("--tokenizer")
        {
            Description = "Folder of the tokenizer.json that 'tokenizer' runs; else the repository's tests/golden/tokenizers/llama3-style.",
        };
        Command command = new("bench",
            "Time the fixed workloads, or reading a data set, each in a process of its own. Example: safe-rlhf-v bench --workloads --threads 2 --only "
                + "train-step decode, or: bench --data /tmp/rows")
        {
            workloads, data, copies, threads, only, repeat, tokenizer, once, MethodsVerb.Create(), OrderVerb.Create(),
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            BenchSettings settings = new(parsed.GetValue(threads), parsed.GetValue(repeat), parsed.GetValue(tokenizer));
            if (settings.Threads < 1 || settings.Repeat < 1) throw new InvalidInputException("bench: --threads and --repeat must be at least 1.");
            if (parsed.GetValue(data) is { } folder)
            {
                if (parsed.GetValue(workloads)) throw new InvalidInputException("bench: give --workloads or --data, not both.");
                if (parsed.GetValue(copies) < 1) throw new InvalidInputException("bench: --copies must be at least 1.");
                string[] ways = DataBench.Choose(parsed.GetRequiredValue(only));
                if (!Path.Exists(folder)) DataRows.Write(folder, parsed.GetValue(copies));
                if (parsed.GetValue(once)) DataBench.RunOnce(ways.Single(), folder);
                else await DataBench.RunAsync(ways, folder, settings.FewRepeats, cancellationToken);
                return 0;
            }
            string[] chosen = Workloads.Choose(parsed.GetRequiredValue(only), Workloads.All.Keys);
            if (chosen.Length == 1)
            {
                Workloads.Run(chosen[0], settings);
                return 0;
            }
            foreach (string name in chosen)
                if (await RunApart(name, settings, cancellationToken) is not 0 and int code) return code;
            return 0;
        });
        return command;
    }

    private static async Task<int> RunApart(string name, BenchSettings settings, CancellationToken cancellationToken)
    {
        using Process process = ProcessApart.Start(["bench", "--only", name, "--threads", $"{settings.Threads}", "--repeat", $"{settings.Repeat}",
            .. settings.Tokenizer is { } folder ? ["--tokenizer", folder] : (string[])[]]);
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
        return process.ExitCode;
    }
}
