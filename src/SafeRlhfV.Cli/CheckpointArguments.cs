using System.CommandLine;
using System.Globalization;
using SafeRlhfV.Models;

namespace SafeRlhfV.Cli;

/// <summary>What the verbs under <c>model</c> share.</summary>
internal static class CheckpointArguments
{
    private static readonly (string Name, long Bytes)[] Units =
    [
        ("KIB", 1L << 10), ("MIB", 1L << 20), ("GIB", 1L << 30), ("TIB", 1L << 40), ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000),
        ("TB", 1_000_000_000_000), ("B", 1),
    ];

    /// <summary>The types of weights.</summary>
    public static readonly IReadOnlyList<string> Dtypes = ["float32", "bfloat16", "float16"];

    public static Argument<string> Folder() => new("dir") { Description = "A checkpoint folder in Hugging Face's form." };

    public static Option<string> Out() => new("--out") { Description = "The folder to write; it must be new or empty.", Required = true };

    public static Option<bool> Overwrite() => new("--overwrite") { Description = "Replace the folder if it exists (only when the new one is whole)." };

    public static Option<string?> Dtype() =>
        new Option<string?>("--dtype") { Description = "Type of the weights on the disk: float32, bfloat16 or float16." }.Completes(Dtypes);

    public static Option<string?> Layout() =>
        new Option<string?>("--layout") { Description = "How the files name the tensors: a name that 'model info' shows, such as hub or memory." }
            .Completes(ModelFamilies.All.SelectMany(family => family.Layouts).Select(layout => layout.Name).Distinct());

    public static Option<string> MaxShardSize() =>
        new("--max-shard-size") { Description = "Largest weight file, such as 5GB or 512MiB.", DefaultValueFactory = _ => "5GB" };

    /// <summary>Settings for writing, all checked.</summary>
    public static SaveOptions SaveOptions(string? dtype, string? layout, string maxShardSize, bool overwrite) =>
        new SaveOptions { Layout = layout, MaxShardBytes = Bytes("--max-shard-size", maxShardSize), Overwrite = overwrite }.WithDtype(dtype);

    /// <summary>Tells what was written.</summary>
    public static void Report(string folder, bool json)
    {
        ModelSummary summary = ModelSummary.Of(folder);
        if (json) Output.Json(new
        {
            Folder = Path.GetFullPath(folder),
            summary.Family,
            summary.Layout,
            summary.Dtypes,
            summary.Files,
            summary.Parameters,
            summary.Bytes
        });
        else Output.Line(folder);
    }

    public static string Size(long bytes) => bytes >= 1L << 30
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):F2} GiB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 20):F2} MiB");

    /// <summary>A number of bytes that was written with a unit.</summary>
    /// <exception cref="InvalidInputException">It is no size.</exception>
    public static long Bytes(string option, string text)
    {
        string upper = text.Trim().ToUpperInvariant();
        (string unit, long factor) = Units.FirstOrDefault(known => upper.EndsWith(known.Name, StringComparison.Ordinal), ("", 1));
        return double.TryParse(upper[..^unit.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double count)
            && count * factor is >= 1 and < long.MaxValue / 2
            ? (long)(count * factor)
            : throw new InvalidInputException($"{option} '{text}' is no size; write a number with a unit, such as 5GB or 512MiB.");
    }
}
