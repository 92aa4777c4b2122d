using System.Text;
using System.Text.Json;

namespace SafeRlhfV.Data;

/// <summary>The dataset card: front matter as Hugging Face writes it, then a title and a description.</summary>
internal static class DatasetCardText
{
    public sealed record PartSize(string Config, string Split, long Rows, long Bytes, long FileBytes);

    public static string Write(RowSchema schema, BeaverTailsWriterOptions options, long rows, IReadOnlyList<PartSize> parts)
    {
        StringBuilder card = new();
        card.Append($"""
            ---
            language:
            - en
            license: {Scalar(options.License)}
            size_categories:
            - {SizeCategory(rows)}
            pretty_name: {Scalar(options.Name)}
            dataset_info:

            """);
        IGrouping<string, PartSize>[] configs = [.. parts.OrderBy(part => SplitRank(part.Split)).ThenBy(part => part.Split, StringComparer.Ordinal).GroupBy(part => part.Config).OrderBy(group => group.Key, StringComparer.Ordinal)];
        foreach (IGrouping<string, PartSize> config in configs)
        {
            card.Append($"- config_name: {Scalar(config.Key)}\n  features:\n");
            foreach ((string name, ColumnKind kind) in schema.Columns)
                card.Append($"  - name: {name}\n    {kind switch { ColumnKind.Image => "dtype: image", ColumnKind.ImageList => "list: image", ColumnKind.Integer => "dtype: int64", _ => "dtype: string" }}\n");
            card.Append("  splits:\n");
            foreach (PartSize part in config) card.Append($"  - name: {Scalar(part.Split)}\n    num_bytes: {part.Bytes}\n    num_examples: {part.Rows}\n");
            card.Append($"  download_size: {config.Sum(part => part.FileBytes)}\n  dataset_size: {config.Sum(part => part.Bytes)}\n");
        }
        card.Append("configs:\n");
        foreach (IGrouping<string, PartSize> config in configs)
        {
            card.Append($"- config_name: {Scalar(config.Key)}\n  data_files:\n");
            foreach (PartSize part in config) card.Append($"  - split: {Scalar(part.Split)}\n    path: {Scalar($"data/{config.Key}/{part.Split}-*")}\n");
        }
        return card.Append($"---\n\n# {options.Name}\n\n{options.Description.TrimEnd()}\n").ToString();
    }

    /// <summary>A YAML scalar: plain where that is safe, else quoted (a JSON string is one).</summary>
    private static string Scalar(string value) =>
        value.Length > 0 && char.IsAsciiLetter(value[0]) && !value.EndsWith(' ') && value.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is ' ' or '_' or '-' or '.' or '/' or '*')
            && value.ToLowerInvariant() is not ("true" or "false" or "yes" or "no" or "on" or "off" or "null" or "y" or "n")
            ? value : JsonSerializer.Serialize(value);

    private static int SplitRank(string split) => split switch { "train" => 0, "evaluation" or "validation" => 1, _ => 2 };

    private static string SizeCategory(long rows) => rows switch
    {
        < 1_000 => "n<1K",
        < 10_000 => "1K<n<10K",
        < 100_000 => "10K<n<100K",
        < 1_000_000 => "100K<n<1M",
        _ => "1M<n<10M",
    };
}
