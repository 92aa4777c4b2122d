using System.CommandLine;
using System.Globalization;
using SafeRlhfV.Annotation;

namespace SafeRlhfV.Cli;

/// <summary><c>data make</c>: new pairs of a folder of images, by models that ask, answer and judge.</summary>
internal static class DataMakeVerb
{
    public static Command Create()
    {
        Option<FileInfo> config = new("--config") { Description = "Who asks, answers and judges; recipes/data-make.yaml shows every key.", Required = true };
        Option<string> images = new("--images")
        {
            Description = "The folder of images; sub-folders with a category's name give their images that category.",
            Required = true
        };
        Option<string> folder = DataArguments.Out();
        Option<string?> working = new("--work")
        {
            Description = "The folder of the journal and the audit; OUT.making where it is left out. Run again with the same folder to resume."
        };
        Option<string> splitName = new("--split") { Description = "The split that the pairs go to.", DefaultValueFactory = _ => "train" };
        Option<int?> limit = new("--limit") { Description = "Work on the first so many images, categories and severities only." };
        Option<bool> plan = new("--plan")
        {
            Description = "Only say how many calls it would make, and how many tokens and days of a GPU the judge would take.",
        };
        Option<double> rate = DataArguments.TokensPerSecond();
        WorkerArguments workers = new();
        Option<bool> overwrite = DataArguments.Overwrite(), json = Output.JsonOption();
        Command command = new("make", "Make new pairs of images with models. Example: safe-rlhf-v data make --config recipes/data-make.yaml --images "
            + "my-images --out data/mine")
        {
            config, images, folder, working, splitName, limit, plan, rate, overwrite, json,
        };
        foreach (Option option in workers.All) command.Add(option);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            MakingSettings settings = MakingSettingsReader.Load(parsed.GetRequiredValue(config).FullName);
            string source = parsed.GetRequiredValue(images), target = Path.TrimEndingDirectorySeparator(parsed.GetRequiredValue(folder));
            WorkerOptions options = workers.Read(parsed, target, hasShards: false);
            if (parsed.GetValue(limit) is <= 0) throw new InvalidInputException("--limit must be at least 1.");
            if (parsed.GetValue(plan))
            {
                MakingPlan planned = DatasetMaker.Plan(settings, source, parsed.GetValue(limit), DataArguments.Checked(parsed.GetValue(rate)));
                if (parsed.GetValue(json)) Output.Json(planned);
                else
                {
                    Output.Line($"{DataArguments.Count(planned.Images, "image")}, {planned.Units} with category and severity: "
                        + $"{DataArguments.Count(planned.QuestionCalls, "call")} for questions, at most "
                        + $"{planned.AnswerCalls} for answers and {planned.JudgeCalls} for judgements");
                    Output.Line(string.Create(CultureInfo.InvariantCulture,
                        $"judgements: about {planned.JudgeTokens} tokens, {planned.JudgeGpuDays:0.###} days ")
                        + string.Create(CultureInfo.InvariantCulture, $"of one GPU at {planned.TokensPerSecond:0} tokens a second"));
                }
                return 0;
            }
            string work = parsed.GetValue(working) ?? target + ".making";
            ProgressView progress = new("make");
            Action<MakingProgress> onProgress = DataArguments.CallProgress(progress);
            string split = parsed.GetRequiredValue(splitName);
            bool replaces = parsed.GetValue(overwrite);
            int? most = parsed.GetValue(limit);
            MakingReport report = workers.IsShared(parsed)
                ? await DatasetMaker.ShareAsync(settings, source, work, target, options, split, replaces, most, onProgress,
                    cancellationToken: cancellationToken)
                : await DatasetMaker.RunAsync(settings, source, work, target, split, replaces, most, onProgress, cancellationToken: cancellationToken);
            progress.Done(DataArguments.Count(report.Pairs, "pair"));
            if (parsed.GetValue(json)) Output.Json(report);
            else Print(report, work);
            return report.IsComplete ? 0 : CliHost.CheckFailed;
        });
        return command;
    }

    private static void Print(MakingReport report, string work)
    {
        Output.Line($"{DataArguments.Count(report.Images, "image")}, {DataArguments.Count(report.Questions, "question")}, "
            + $"{DataArguments.Count(report.Pairs, "pair")} written, {report.Contested} contested (in "
            + $"{Path.Combine(work, "contested.jsonl")})");
        foreach (string image in report.ImagesLeftOut) Output.Line($"left out: {image}");
        if (report.Unfit > 0) Output.Line($"{report.Unfit} times the image did not fit the category and severity");
        foreach ((string reason, int count) in report.AnswersLeftOut) Output.Line($"answers left out, {reason}: {count}");
        foreach ((string stage, int count) in report.ParseFailures) Output.Line($"replies that could not be read, {stage}: {count}");
        WorkerArguments.Print(report);
        if (!report.BudgetSpent && report.Failures.Count > 0)
            Output.Note("run the command again (with --overwrite) to try what failed; nothing that was answered is asked again");
        if (report.Folder is not null) Output.Line(report.Folder);
    }
}
