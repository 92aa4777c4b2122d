using System.CommandLine;
using System.Text.Json.Nodes;
using SafeRlhfV.Data;

namespace SafeRlhfV.Cli;

/// <summary><c>data import</c>: other tools' data as a data set of this tool's layout, with a report of every row that was left out.</summary>
internal static class DataImportVerb
{
    private const int MostShown = 8;

    public static Command Create()
    {
        Argument<string> path = new("data") { Description = "A file or folder as another tool writes it: JSON, JSONL (gzip, zstd), Parquet, Arrow, CSV, tar." };
        Option<string> from = new("--from")
        {
            Description = "The format; auto decides by the columns' names.",
            DefaultValueFactory = _ => ImportFormats.Auto,
        };
        Option<string?> images = new("--images") { Description = "The folder that images' paths are relative to; each file's own where left out." };
        Option<string?> dataset = new("--dataset") { Description = "The data set's name in LLaMA-Factory's dataset_info.json." };
        Option<string[]> columns = new("--columns")
        {
            Description = "The format's column names and yours: query=input.text,response=out. May be given several times."
        };
        Option<string[]> categories = DataArguments.Categories();
        Option<string> folder = DataArguments.Out();
        Option<string?> report = new("--report") { Description = "Write the whole report to this file too; it is also in report.json of the new folder." };
        Option<bool> overwrite = DataArguments.Overwrite(), json = Output.JsonOption();
        from.AcceptOnlyFromAmong([.. ImportFormats.Names]);
        Command command = new("import", "Import another tool's data. Example: safe-rlhf-v data import llava.json --images coco --out data/mine")
        {
            path, from, images, dataset, columns, categories, folder, report, overwrite, json,
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            string target = parsed.GetRequiredValue(folder), source = parsed.GetRequiredValue(path), asked = parsed.GetRequiredValue(from);
            AtomicFolder.Check(target, parsed.GetValue(overwrite), source);
            DatasetImport import = DatasetImport.Open(source, asked, new ImportOptions
            {
                Images = parsed.GetValue(images),
                Dataset = parsed.GetValue(dataset),
                Columns = DataArguments.Mapping(columns.Name, parsed.GetValue(columns)),
                Categories = DataArguments.Mapping(categories.Name, parsed.GetValue(categories)),
            });
            ProgressView progress = new("import");
            try
            {
                import.Write(target, parsed.GetValue(overwrite), DataArguments.Progress(progress), cancellationToken);
            }
            finally
            {
                if (parsed.GetValue(report) is { } file && import.Report.Read > 0) WriteReport(file, import.ToJson());
            }
            progress.Done(DataArguments.Count(import.Report.Kept, "row"));
            if (parsed.GetValue(json))
            {
                JsonObject document = import.ToJson();
                document.Insert(0, "folder", Path.GetFullPath(target));
                Output.Json(document);
            }
            else
            {
                Output.Line(asked == ImportFormats.Auto ? $"format: {import.Format} (by its columns)" : $"format: {import.Format}");
                Print(import.Report, import.Relative);
                Output.Line(target);
            }
            return Task.FromResult(0);
        });
        return command;
    }

    private static void Print(ImportReport report, Func<string, string> nameOf)
    {
        Output.Line($"read {report.Read}, kept {report.Kept}, dropped {report.DroppedRows.Count}");
        foreach (IGrouping<string, DroppedRow> reason in report.DroppedRows.GroupBy(row => row.Reason).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            IEnumerable<string> places = reason.Take(MostShown).GroupBy(row => row.File)
                .Select(file => $"{nameOf(file.Key)} {string.Join(", ", file.Select(row => row.Row))}");
            Output.Line($"  {reason.Key} {reason.Count()}: {string.Join("; ", places)}{(reason.Count() > MostShown ? ", ..." : "")}");
        }
        foreach ((string repair, long rows) in report.Repaired) Output.Line($"repaired: {repair} {rows}");
        if (report.Duplicates > 0) Output.Line($"duplicates: {report.Duplicates} (kept; data dedupe drops them)");
    }

    private static void WriteReport(string file, JsonObject report)
    {
        try
        {
            File.WriteAllText(file, report.ToJsonString(DatasetImport.ReportOptions));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"--report {file}: cannot be written ({error.Message}).", error);
        }
    }
}
