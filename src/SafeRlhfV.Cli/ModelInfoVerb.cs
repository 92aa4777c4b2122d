using System.CommandLine;
using System.Globalization;
using SafeRlhfV.Models;
using Spectre.Console;

namespace SafeRlhfV.Cli;

/// <summary><c>model info</c>: what a checkpoint folder holds, from its headers alone; <c>--load</c> reads the weights too.</summary>
internal static class ModelInfoVerb
{
    public static Command Create()
    {
        Argument<string> folder = CheckpointArguments.Folder();
        Option<bool> load = new("--load")
        {
            Description = "Load the model and read every weight: tells time and memory, and finds numbers that are not finite."
        };
        Option<string?> dtype = new Option<string?>("--dtype") { Description = "With --load: type of the weights in memory; as on the disk where left out." }
            .Completes(CheckpointArguments.Dtypes);
        Option<bool> json = Output.JsonOption();
        Command command = new("info", "Tell what a checkpoint holds: family, parameters, memory by part, what an image costs. Example: safe-rlhf-v model info "
            + "models/qwen2.5-vl-7b") { folder, load, dtype, json };
        command.SetAction((parsed, cancellationToken) =>
        {
            ModelSummary summary = ModelSummary.Of(ResultFolder.Find(parsed.GetRequiredValue(folder)));
            LoadMeasure? measure = parsed.GetValue(load) ? LoadMeasure.Of(summary.Folder, new LoadOptions().WithDtype(parsed.GetValue(dtype))) : null;
            if (parsed.GetValue(json)) Output.Json(new { Model = summary, Load = measure });
            else Print(summary, measure);
            return Task.FromResult(0);
        });
        return command;
    }

    private static void Print(ModelSummary summary, LoadMeasure? measure)
    {
        Table table = new() { Border = TableBorder.Simple };
        table.AddColumn("part").AddColumn(new TableColumn("parameters").RightAligned()).AddColumn(new TableColumn("memory").RightAligned());
        foreach (ModelPart part in summary.Parts) table.AddRow(part.Name, Count(part.Parameters), CheckpointArguments.Size(part.Bytes));
        table.AddRow("all", Count(summary.Parameters), CheckpointArguments.Size(summary.Bytes));
        Output.Line($"{summary.Folder}: {summary.Family}, layout {summary.Layout}, {string.Join(" and ", summary.Dtypes)} in "
            + $"{summary.Files} file{(summary.Files == 1 ? "" : "s")}{(summary.TiedEmbeddings ? ", the output layer is the embedding table" : "")}");
        Output.People.Write(table);
        if (summary.ScoreOutputs > 0)
            Output.Line($"score head: {summary.ScoreOutputs} output{(summary.ScoreOutputs == 1 ? "" : "s")}, "
                + (summary.ScoreHeads > 1 ? $"{summary.ScoreHeads} heads, " : "")
                + $"{summary.ScoreKind ?? "of what kind the folder does not say"}");
        Output.Line($"cache: {CheckpointArguments.Size(1000 * summary.CacheBytesPerToken)} for 1,000 tokens; texts of at most "
            + $"{Count(summary.MaxTokens)} tokens");
        foreach (ImageCost cost in summary.ImageCosts) Output.Line($"an image of {cost.Width} x {cost.Height}: {Count(cost.Tokens)} tokens");
        if (summary.ImageFault is { } fault) Output.Line($"what an image costs is not known: {fault}");
        if (measure is null) return;
        Output.Line(string.Create(CultureInfo.InvariantCulture,
            $"loaded in {measure.LoadSeconds:F2} s, every weight read in {measure.ReadSeconds:F2} s more; all are finite"));
        Output.Line($"memory: weights {CheckpointArguments.Size(measure.WeightBytes)}, resident before {CheckpointArguments.Size(measure.BytesBefore)}, peak "
            + $"while loading {CheckpointArguments.Size(measure.PeakLoadBytes)}, peak after reading all {CheckpointArguments.Size(measure.PeakBytes)}");
    }

    private static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
