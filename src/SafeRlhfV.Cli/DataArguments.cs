using System.CommandLine;
using System.Globalization;
using SafeRlhfV.Annotation;
using SafeRlhfV.Data;

namespace SafeRlhfV.Cli;

/// <summary>What the verbs under <c>data</c> share.</summary>
internal static class DataArguments
{
    public static Argument<string> Path() => new("data") { Description = "A data set: a folder in a Hugging Face layout, a Parquet file or a JSONL file." };

    /// <summary>Opens a data set. Another tool's rows would all be alike, without a value: they are refused with the import that reads them.</summary>
    public static PreferenceDataset Open(string path)
    {
        PreferenceDataset data = PreferenceDataset.Open(path);
        return ForeignData.Advice(path) is { } advice ? throw new InvalidInputException($"{advice}.") : data;
    }

    public static Option<string> Out() => new("--out") { Description = "The folder to write; it must be new or empty.", Required = true };

    public static Option<bool> Overwrite() => new("--overwrite") { Description = "Replace the folder if it exists (only when the new one is whole)." };

    public static Option<int> Threshold() => new("--threshold")
    {
        Description = "Bits of 64 by which the difference hashes of near-duplicates may differ. Their 16 x 16 miniatures must be alike, too, "
            + "so that a value above 8 seldom finds more.",
        DefaultValueFactory = _ => ImageFingerprint.DefaultThreshold,
    };

    public static void CheckThreshold(int threshold)
    {
        if (threshold is < 0 or > 64) throw new InvalidInputException($"--threshold {threshold}: give 0 to 64 bits.");
    }

    /// <summary>Reports rows as they pass.</summary>
    /// <param name="view">Where.</param>
    /// <param name="total">All rows; null where they cannot be counted before, as of a data set that may be damaged.</param>
    public static Action<long> Progress(ProgressView view, long? total = null) => rows =>
    {
        if (total is { } all) view.Report((int)Math.Min(rows, int.MaxValue), (int)Math.Min(Math.Max(all, rows), int.MaxValue));
        else view.Report(Count(rows, "row"));
    };

    /// <summary>What a plan counts on.</summary>
    public static Option<double> TokensPerSecond() => new("--tokens-per-second")
    {
        Description = "For --plan: tokens that one GPU reads and writes in a second.",
        DefaultValueFactory = _ => 10_000,
    };

    /// <summary>A number of tokens a second that makes sense.</summary>
    /// <exception cref="InvalidInputException">It does not.</exception>
    public static double Checked(double tokensPerSecond) => tokensPerSecond > 0 && double.IsFinite(tokensPerSecond) ? tokensPerSecond
        : throw new InvalidInputException("--tokens-per-second must be above 0.");

    /// <summary>Reports how far calls to models are.</summary>
    public static Action<MakingProgress> CallProgress(ProgressView view) =>
        one => view.Report(one.Done, one.Total, string.Create(CultureInfo.InvariantCulture, $"{Count(one.Calls, "call")}, cost {one.Cost:0.####}"));

    /// <summary>A number of things in words: 1 row, 2 rows.</summary>
    public static string Count(long number, string thing) => $"{number} {thing}{(number == 1 ? "" : "s")}";

    public static Option<string[]> Categories() =>
        new("--categories")
        {
            Description = "Your own names of categories, each with a category of the taxonomy: cruelty=animal_abuse,spam=false_information. 'data categories' "
                + "lists them. May be given several times."
        };

    /// <summary>Names and what they stand for, of an option's "a=b,c=d", which may be given several times.</summary>
    /// <exception cref="InvalidInputException">It is written otherwise, or names something twice.</exception>
    public static Dictionary<string, string> Mapping(string option, string[]? texts)
    {
        Dictionary<string, string> mapping = [];
        foreach (string pair in (texts ?? []).SelectMany(text => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)))
        {
            string[] sides = pair.Split('=', 2, StringSplitOptions.TrimEntries);
            if (sides is not [{ Length: > 0 } name, { Length: > 0 } meant])
                throw new InvalidInputException($"{option} {pair}: give pairs like a=b, separated by commas.");
            if (!mapping.TryAdd(name, meant)) throw new InvalidInputException($"{option}: {name} is given twice.");
        }
        return mapping;
    }
}
