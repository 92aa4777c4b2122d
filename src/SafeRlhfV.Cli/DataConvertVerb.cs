using System.CommandLine;
using SafeRlhfV.Data;

namespace SafeRlhfV.Cli;

/// <summary><c>data convert</c>: another layout, another file format, or another trainer's columns.</summary>
internal static class DataConvertVerb
{
    private static readonly Dictionary<string, ExportFormat> Formats = new()
    {
        ["parquet"] = ExportFormat.Parquet,
        ["jsonl"] = ExportFormat.Jsonl,
        ["jsonl-files"] = ExportFormat.JsonlFiles,
        ["trl"] = ExportFormat.Trl,
        ["align-anything"] = ExportFormat.AlignAnything,
        ["reward"] = ExportFormat.Reward,
        ["cost"] = ExportFormat.Cost,
    };

    public static Command Create()
    {
        Argument<string> path = DataArguments.Path();
        Option<string> folder = DataArguments.Out();
        Option<string> to = new("--to") { Description = $"What to write: {string.Join(", ", Formats.Keys)}.", DefaultValueFactory = _ => "parquet" };
        Option<string?> layout = new("--layout") { Description = "paired or flat; the data set's own where left out." };
        Option<string> by = new("--by")
        {
            Description = "For trl and align-anything: prefer the helpful or the safe answer.",
            DefaultValueFactory = _ => "helpful"
        };
        Option<bool> plain = new("--plain") { Description = "For the flat layout: only its six columns, from which the pairs cannot be made again." };
        Option<bool> overwrite = DataArguments.Overwrite(), json = Output.JsonOption();
        to.AcceptOnlyFromAmong([.. Formats.Keys]);
        layout.AcceptOnlyFromAmong("paired", "flat");
        by.AcceptOnlyFromAmong("helpful", "safe");
        Command command = new("convert", "Convert a data set. Example: safe-rlhf-v data convert data/beavertails-v --to trl --by safe --out data/trl") { path,
            folder, to, layout, by, plain, overwrite, json };
        command.SetAction((parsed, cancellationToken) =>
        {
            PreferenceDataset data = DataArguments.Open(parsed.GetRequiredValue(path));
            ProgressView progress = new("convert");
            long rows = DatasetConverter.Convert(data, parsed.GetRequiredValue(folder), new ConversionOptions
            {
                Format = Formats[parsed.GetRequiredValue(to)],
                Layout = parsed.GetValue(layout) switch { "paired" => RowLayout.Paired, "flat" => RowLayout.Flat, _ => null },
                BySafety = parsed.GetValue(by) == "safe",
                Traced = !parsed.GetValue(plain),
                Overwrite = parsed.GetValue(overwrite),
            }, DataArguments.Progress(progress, data.CountRows()), cancellationToken);
            progress.Done($"{DataArguments.Count(rows, "row")} written");
            if (parsed.GetValue(json)) Output.Json(new { Folder = Path.GetFullPath(parsed.GetRequiredValue(folder)), Read = data.CountRows(), Written = rows });
            else Output.Line(parsed.GetRequiredValue(folder));
            return Task.FromResult(0);
        });
        return command;
    }
}
