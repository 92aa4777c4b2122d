using System.Text;

namespace SafeRlhfV.Data;

/// <summary>The dataset card: front matter as Hugging Face writes it, then a title and a description.</summary>
internal static class DatasetCardText
{
    public sealed record PartSize(string Config, string Split, long Rows, long Bytes, long FileBytes);

    public static string Write(IReadOnlyDictionary<string, RowSchema> schemas, BeaverTailsWriterOptions options, long rows, IReadOnlyList<PartSize> parts)
    {
        StringBuilder card = Begin(options, rows);
        IGrouping<string, PartSize>[] configs = ByConfig(parts, part => part.Config, part => part.Split);
        card.Append("dataset_info:\n");
        foreach (IGrouping<string, PartSize> config in configs)
        {
            card.Append($"- config_name: {CardText.Scalar(config.Key)}\n  features:\n");
            card.Append(RowFeatures.Yaml(schemas[config.Key], "  ")).Append("  splits:\n");
            foreach (PartSize part in config)
                card.Append($"  - name: {CardText.Scalar(part.Split)}\n    num_bytes: {part.Bytes}\n    num_examples: {part.Rows}\n");
            card.Append($"  download_size: {config.Sum(part => part.FileBytes)}\n  dataset_size: {config.Sum(part => part.Bytes)}\n");
        }
        return End(card, options, configs.Select(config => (config.Key, config.Select(part => (part.Split, $"data/{config.Key}/{part.Split}-*")))));
    }

    /// <summary>The card of JSON lines: which file is which split. Their features are left to the reader, who finds images as paths or base64.</summary>
    public static string WriteLines(BeaverTailsWriterOptions options, long rows, IEnumerable<(string Config, string Split, string File)> files) =>
        End(Begin(options, rows), options,
            ByConfig(files, file => file.Config, file => file.Split).Select(config => (config.Key, config.Select(file => (file.Split, file.File)))));

    private static StringBuilder Begin(BeaverTailsWriterOptions options, long rows) => new($"""
        ---
        language:
        - en
        license: {CardText.Scalar(options.License)}
        size_categories:
        - {SizeCategory(rows)}
        pretty_name: {CardText.Scalar(options.Name)}

        """);

    private static string End(StringBuilder card, BeaverTailsWriterOptions options,
        IEnumerable<(string Config, IEnumerable<(string Split, string Path)> Parts)> configs)
    {
        card.Append("configs:\n");
        foreach ((string config, IEnumerable<(string Split, string Path)> parts) in configs)
        {
            card.Append($"- config_name: {CardText.Scalar(config)}\n  data_files:\n");
            foreach ((string split, string path) in parts) card.Append($"  - split: {CardText.Scalar(split)}\n    path: {CardText.Scalar(path)}\n");
        }
        return card.Append($"---\n\n# {options.Name}\n\n{options.Description.TrimEnd()}\n").ToString();
    }

    private static IGrouping<string, T>[] ByConfig<T>(IEnumerable<T> parts, Func<T, string> config, Func<T, string> split) =>
        [.. parts.OrderBy(part => SplitRank(split(part))).ThenBy(split, StringComparer.Ordinal).GroupBy(config).OrderBy(group => group.Key,
            StringComparer.Ordinal)];

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
