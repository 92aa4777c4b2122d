using System.CommandLine;
using System.Diagnostics;
using SafeRlhfV.Data;

namespace SafeRlhfV.Cli;

/// <summary><c>bench</c>: times fixed workloads on tiny sizes, one JSON line a figure.</summary>
internal static class BenchVerb
{
    public static Command Create()
    {
        Option<bool> workloads = new("--workloads") { Description = "The fixed workloads (there is no other set, so this may be left out)." };
        Option<int> threads = new("--threads") { Description = "Threads of one operation.", DefaultValueFactory = _ => 2 };
        Option<string[]> only = new("--only")
        {
            Description = $"Some of them, or their first words (decode is decode-b1 and decode-b16): {string.Join(", ", Workloads.All.Keys)}.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [],
        };
        Option<int> repeat = new("--repeat") { Description = "Timed runs of a workload; the median counts (a third of them, but 3, for the long ones).", DefaultValueFactory = _ => 9 };
        Option<string> tokenizer = new("--tokenizer") { Description = "Folder of the tokenizer.json that 'tokenizer' runs.", DefaultValueFactory = _ => "tests/golden/tokenizers/llama3-style" };
        Command command = new("bench", "Time the fixed workloads, each in a process of its own. Example: safe-rlhf-v bench --workloads --threads 2 --only train-step decode")
        {
            workloads, threads, only, repeat, tokenizer,
        };
        command.SetAction(async (parsed, cancel) =>
        {
            BenchSettings settings = new(parsed.GetValue(threads), parsed.GetValue(repeat), parsed.GetRequiredValue(tokenizer));
            if (settings.Threads < 1 || settings.Repeat < 1) throw new InvalidInputException("bench: --threads and --repeat must be at least 1.");
            string[] chosen = Workloads.Choose(parsed.GetRequiredValue(only));
            if (chosen.Length == 1)
            {
                Workloads.Run(chosen[0], settings);
                return 0;
            }
            foreach (string name in chosen)
                if (await RunApart(name, settings, cancel) is not 0 and int code) return code;
            return 0;
        });
        return command;
    }

    // peak memory is a figure of a whole process
    private static async Task<int> RunApart(string name, BenchSettings settings, CancellationToken cancel)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!);
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet") start.ArgumentList.Add(Environment.GetCommandLineArgs()[0]);
        foreach (string word in (string[])["bench", "--only", name, "--threads", $"{settings.Threads}", "--repeat", $"{settings.Repeat}", "--tokenizer", settings.Tokenizer]) start.ArgumentList.Add(word);
        using Process process = Process.Start(start)!;
        try
        {
            await process.WaitForExitAsync(cancel);
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
        return process.ExitCode;
    }
}
