using System.CommandLine;
using System.Globalization;
using SafeRlhfV.Annotation;

namespace SafeRlhfV.Cli;

/// <summary><c>data label</c>: preferences and safety labels of a data set of pairs, by a judging model; alone or as one of many workers.</summary>
internal static class DataLabelVerb
{
    public static Command Create()
    {
        Argument<string> path = new("data")
        {
            Description = "A paired data set: a folder in a Hugging Face layout, a Parquet file or a JSONL file. Labels that it has are ignored.",
        };
        Option<FileInfo> config = new("--config") { Description = "Who judges, and how; recipes/data-label.yaml shows every key.", Required = true };
        Option<string> folder = DataArguments.Out();
        Option<string?> working = new("--work")
        {
            Description = "The folder of journals and finished shards, shared by all workers; OUT.labelling where it is left out. "
                + "Run again with the same folder to resume.",
        };
        Option<int?> limit = new("--limit") { Description = "Label the first so many pairs only." };
        Option<bool> plan = new("--plan") { Description = "Only say how many calls, tokens and days of a GPU it would take." };
        Option<double> rate = DataArguments.TokensPerSecond();
        WorkerArguments workers = new();
        Option<bool> overwrite = DataArguments.Overwrite(), json = Output.JsonOption();
        Command command = new("label",
            "Label pairs by a judging model. Example: safe-rlhf-v data label data/pairs --config recipes/data-label.yaml "
                + "--out data/labelled --queue postgres://user@host/database")
        {
            path, config, folder, working, limit, plan, rate, overwrite, json,
        };
        foreach (Option option in workers.All) command.Add(option);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            JudgingSettings settings = LabellingSettingsReader.Load(parsed.GetRequiredValue(config).FullName);
            string data = parsed.GetRequiredValue(path), target = Path.TrimEndingDirectorySeparator(parsed.GetRequiredValue(folder));
            WorkerOptions options = workers.Read(parsed, target, hasShards: true);
            _ = DataArguments.Open(data);
            if (parsed.GetValue(limit) is <= 0) throw new InvalidInputException("--limit must be at least 1.");
            if (parsed.GetValue(plan))
            {
                LabellingPlan planned = DatasetLabeller.Plan(settings, data, options.ShardPairs, parsed.GetValue(limit),
                    DataArguments.Checked(parsed.GetValue(rate)));
                if (parsed.GetValue(json)) Output.Json(planned);
                else
                    Output.Line(string.Create(CultureInfo.InvariantCulture,
                        $"{planned.Pairs} pairs in {DataArguments.Count(planned.Shards, "shard")}: {planned.Calls} judgements, about "
                            + $"{planned.InputTokens} tokens in and {planned.OutputTokens} out; ")
                        + string.Create(CultureInfo.InvariantCulture,
                            $"{planned.GpuDays:0.###} days of one GPU at {planned.TokensPerSecond:0} tokens a second; cost {planned.Cost:0.##}"));
                return 0;
            }
            string work = parsed.GetValue(working) ?? target + ".labelling";
            ProgressView progress = new("label");
            LabellingReport report = await DatasetLabeller.RunAsync(settings, data, work, target, options, parsed.GetValue(overwrite), parsed.GetValue(limit),
                DataArguments.CallProgress(progress), cancellationToken: cancellationToken);
            progress.Done(DataArguments.Count(report.Labelled, "pair"));
            if (parsed.GetValue(json)) Output.Json(report);
            else Print(report, work);
            return report.IsComplete ? 0 : CliHost.CheckFailed;
        });
        return command;
    }

    private static void Print(LabellingReport report, string work)
    {
        Output.Line($"{DataArguments.Count(report.Pairs, "pair")}: {report.Labelled} labelled, {report.Contested} contested"
            + (report.Contested > 0 ? $" (in {Path.Combine(work, "contested")})" : ""));
        foreach ((string reason, int count) in report.LeftOut) Output.Line($"left out, {reason}: {count} (named in {Path.Combine(work, "left-out.jsonl")})");
        if (report.ParseFailures > 0) Output.Line($"replies that could not be read: {report.ParseFailures}");
        WorkerArguments.Print(report);
        if (report.Folder is not null) Output.Line(report.Folder);
    }
}
