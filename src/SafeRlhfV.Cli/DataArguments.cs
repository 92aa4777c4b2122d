using System.CommandLine;
using SafeRlhfV.Data;

namespace SafeRlhfV.Cli;

/// <summary>What the verbs under <c>data</c> share.</summary>
internal static class DataArguments
{
    public static Argument<string> Path() => new("data") { Description = "A data set: a folder in a Hugging Face layout, a Parquet file or a JSONL file." };

    public static Option<string> Out() => new("--out") { Description = "The folder to write; it must be new or empty.", Required = true };

    public static Option<bool> Overwrite() => new("--overwrite") { Description = "Replace the folder if it exists (only when the new one is whole)." };

    public static Option<int> Threshold() => new("--threshold")
    {
        Description = "Bits of 64 by which the difference hashes of near-duplicates may differ.",
        DefaultValueFactory = _ => PictureFingerprint.DefaultThreshold,
    };

    public static void CheckThreshold(int threshold)
    {
        if (threshold is < 0 or > 64) throw new InvalidInputException($"--threshold {threshold}: give 0 to 64 bits.");
    }

    public static void WriteText(string file, string text)
    {
        try
        {
            string aside = $"{file}.{Guid.NewGuid():N}.partial";
            File.WriteAllText(aside, text);
            File.Move(aside, file, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{file}: cannot be written ({error.Message}); check the folder, the permissions and the free space.", error);
        }
    }

    /// <summary>Reports rows as they pass; the total is known for sound data sets only.</summary>
    public static Action<long> Progress(ProgressView view, long total) => rows => view.Report((int)Math.Min(rows, int.MaxValue), (int)Math.Min(Math.Max(total, rows), int.MaxValue));

    /// <summary>A number of things in words: 1 row, 2 rows.</summary>
    public static string Count(long number, string thing) => $"{number} {thing}{(number == 1 ? "" : "s")}";
}
