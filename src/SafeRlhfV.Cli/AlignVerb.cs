using System.CommandLine;
using SafeRlhfV.Data;
using SafeRlhfV.Evaluation;
using SafeRlhfV.Models;
using SafeRlhfV.Training;
using Spectre.Console;

namespace SafeRlhfV.Cli;

/// <summary><c>align</c>: from one's own pairs and model to an aligned, measured and documented model, stage by stage.</summary>
internal static class AlignVerb
{
    private const string Layout = "safe-rlhf-v align, layout 1", Again = "choose another folder with --out";
    private const int LookedAt = 100;

    public static Command Create()
    {
        Option<string> model = new("--model") { Description = "The model to align: a whole checkpoint's folder, or a training run's.", Required = true };
        Option<string> data = new("--data") { Description = "Your pairs, with both preferences and safety labels (docs/data.md).", Required = true };
        Option<string> folder = new("--out") { Description = "Where everything is put; an unfinished run in it is resumed.", Required = true };
        Option<string> method = new Option<string>("--method")
        {
            Description = "How the policy is trained: Safe PPO, Safe GRPO, DPO on helpfulness, or SafeDPO.",
            DefaultValueFactory = _ => "ppo"
        }.AcceptOnlyFromAmong([.. AlignOptions.Methods.Keys]);
        Option<double?> budget = new("--budget") { Description = "d: the mean cost that is allowed (ppo, grpo). As the recipe says where left out." };
        Option<string?> gpu = new Option<string?>("--gpu")
        {
            Description = $"Run on CUDA, and plan memory and time for this card: {string.Join(", ", GpuCard.Names)}."
        }.Completes(GpuCard.Names);
        Option<FileInfo?> config = new("--config") { Description = "Recipes and settings of the stages; recipes/align has some." };
        Option<string[]> set = new("--set")
        {
            Description = $"A value in place of a recipe's: --set reward.training.epochs=5 ({string.Join(", ", AlignSettings.Trained)}), or of align itself: "
                + "--set gates.reward_pair_accuracy=0.7, shares, max_new_tokens, miss. May be given many times.",
            DefaultValueFactory = _ => []
        };
        Option<long?> seed = new("--seed") { Description = "One seed for the split and all stages." };
        Option<string[]> skip = new Option<string[]>("--skip")
        {
            Description = $"Leave a stage out: {string.Join(", ", AlignStages.Optional)}.",
            DefaultValueFactory = _ => []
        }.Completes(AlignStages.Optional);
        Option<string> gates = new Option<string>("--gates")
        {
            Description = "Below a gate: stop with exit code 1, or warn and go on.",
            DefaultValueFactory = _ => "stop"
        }.AcceptOnlyFromAmong("stop", "warn");
        Option<string?> from = new Option<string?>("--from") { Description = "Run this stage anew, and all that depend on it." }.Completes(AlignStages.Names);
        Option<bool> dry = new("--dry-run") { Description = "Only show the stages, their commands, memory and times. Exit 1 where one does not fit." };
        Option<bool> ignore = new("--ignore-memory") { Description = "Begin even where the plan says that memory does not suffice." };
        AlignJudges judges = new();
        Option<bool> json = Output.JsonOption();
        Command command = new("align",
            "Align a model with your own data, and measure it. Example: safe-rlhf-v align --model models/llava-1.5-7b-hf --data data/mine --out runs/mine")
        {
            model, data, folder, method, budget, gpu, config, set, seed, skip, gates, from, dry, ignore, json,
        };
        foreach (Option option in judges.All) command.Add(option);
        command.SetAction((parsed, cancellationToken) =>
        {
            foreach (string name in parsed.GetRequiredValue(skip)) Known("--skip", name, AlignStages.Optional);
            if (parsed.GetValue(from) is { } first) Known("--from", first, AlignStages.Names);
            if (parsed.GetValue(budget) is not null && !AlignOptions.FollowsScores(parsed.GetRequiredValue(method)))
                throw new InvalidInputException($"--budget goes with --method ppo or grpo; {parsed.GetValue(method)} knows no cost.");
            AlignOptions options = new()
            {
                Model = parsed.GetRequiredValue(model),
                Data = parsed.GetRequiredValue(data),
                Folders = new AlignFolders(parsed.GetRequiredValue(folder)),
                Method = parsed.GetRequiredValue(method),
                Budget = parsed.GetValue(budget),
                Card = parsed.GetValue(gpu) is { } card ? GpuCard.Find(card) : null,
                Seed = parsed.GetValue(seed),
                Skip = parsed.GetRequiredValue(skip),
                OnlyWarns = parsed.GetRequiredValue(gates) == "warn",
                IgnoresMemory = parsed.GetValue(ignore),
                Judge = judges.Judge(parsed),
                Benchmarks = judges.Benchmarks(parsed, new AlignFolders(parsed.GetRequiredValue(folder)).BenchmarkResult(AlignFolders.Aligned)),
                Settings = AlignSettings.Read(parsed.GetValue(config)?.FullName, parsed.GetRequiredValue(set)),
            };
            Check(options);
            return Task.FromResult(parsed.GetValue(dry) ? Show(options, parsed.GetValue(from), parsed.GetValue(json))
                : Run(options, parsed.GetValue(from), parsed.GetValue(json), cancellationToken));
        });
        return command;
    }

    private static void Check(AlignOptions options)
    {
        if (!Directory.Exists(options.Model)) throw new InvalidInputException($"--model {options.Model}: there is no such folder; give a "
            + "checkpoint's, or a training run's.");
        _ = ModelConfig.Load(ResultFolder.Find(options.Model)); // before the data are split
        PreferenceDataset data = PreferenceDataset.Open(options.Data);
        if (data.Layout != RowLayout.Paired)
            throw new InvalidInputException(ForeignData.Advice(options.Data) is { } other ? $"{other}." : $"{options.Data}: has no pairs; align learns from "
                + "two answers to each question and which is better (docs/data.md, 'data label' and 'data annotate' make them).");
        if (!data.ReadRows().Take(LookedAt).Any(row => PairOf(row, RecordParts.Answers) is not null))
            throw new InvalidInputException(ForeignData.Advice(options.Data) is { } advice ? $"{advice}." : $"{options.Data}: none of its first rows has a "
                + "question with two answers in the columns that align reads; 'data validate' names the columns.");
        Needs("reward", "says which answer is more helpful (more_helpful_response_id)", pair => PairLabels.Of(pair, cost: false) is not null);
        Needs("cost", "says which answer is safer (safer_response_id) and whether each is safe (is_response_1_safe and is_response_2_safe, or harmless rates)",
            pair => PairLabels.Of(pair, cost: true) is { Unsafe1: not null, Unsafe2: not null });
        AtomicFolder.Check(options.Folders.Root, overwrite: true, options.Data);
        AtomicFolder.Check(options.Folders.Root, overwrite: true, options.Model);

        void Needs(string trainer, string what, Func<ConversationRecord, bool> has)
        {
            // read as far as the first row that has it
            if (!data.ReadRows().Any(row => PairOf(row, TrainerNeeds.Of(trainer).Parts) is { } pair && has(pair)))
                throw new InvalidInputException($"{options.Data}: none of its rows {what}, which 'train {trainer}' needs; 'data label' has a model label "
                    + "pairs, and 'data annotate' people.");
        }
    }

    // what is wrong with single rows is the data gate's part
    private static ConversationRecord? PairOf(DatasetRow row, RecordParts parts)
    {
        try
        {
            ConversationRecord record = row.ToRecord(parts);
            return record.Kind == RecordKind.Pair ? record : null;
        }
        catch (InvalidInputException)
        {
            return null;
        }
    }

    private static void Known(string option, string name, IReadOnlyList<string> names)
    {
        if (names.Contains(name)) return;
        string meant = UsageErrors.Closest(name, names) is { } close ? $" did you mean '{close}'?" : "";
        throw new InvalidInputException($"{option} {name}: there is no such stage;{meant} The stages are {string.Join(", ", names)}.");
    }

    private static int Run(AlignOptions options, string? from, bool json, CancellationToken cancellationToken)
    {
        AlignFolders folders = options.Folders;
        using StageRecord record = StageRecord.Open(folders.Root, Layout, Again);
        AlignGates gates = new(folders, options.Settings, options.OnlyWarns);
        AlignStages stages = new(options, gates, new InputDigests(folders.At("inputs.json")));
        StageSchedule schedule = new([.. stages.All.Select(stage => stage.ToStage())], record, from: Present(from, stages), progress: new View());
        try
        {
            schedule.Run(1, cancellationToken);
        }
        catch (GateException gate)
        {
            Output.Note($"safe-rlhf-v: {gate.Message}");
            return CliHost.CheckFailed;
        }
        catch (InvalidInputException mistake)
        {
            throw AlignSplits.InOwnFiles(mistake, options);
        }
        catch (OperationCanceledException stop) when (cancellationToken.IsCancellationRequested)
        {
            throw new StoppedException("stopped; the same command resumes.", stop);
        }
        string policy = folders.Run(AlignStages.Policy);
        if (json)
            Output.Json(new { Policy = policy, folders.Data, Gates = gates.All, Checks = folders.At("checks"), Scores = folders.At("scores"), folders.Report });
        else Output.Line(policy);
        return 0;
    }

    private static string? Present(string? from, AlignStages stages) => from is null || stages.All.Any(stage => stage.Name == from) ? from
        : throw new InvalidInputException($"--from {from}: this run has no such stage; it has {string.Join(", ", stages.All.Select(stage => stage.Name))}.");

    private static int Show(AlignOptions options, string? from, bool json)
    {
        AlignFolders folders = options.Folders;
        bool isBegun = StageRecord.IsIn(folders.Root);
        using StageRecord? record = isBegun ? StageRecord.Open(folders.Root, Layout, Again) : null;
        AlignStages stages = new(options, new AlignGates(folders, options.Settings, options.OnlyWarns), new InputDigests(null));
        Stage[] all = [.. stages.All.Select(stage => stage.ToStage())];
        from = Present(from, stages);
        IReadOnlyList<string> open = record is null ? [.. all.Select(stage => stage.Name)] : new StageSchedule(all, record, from: from).Open;
        if (open.Contains(AlignStages.Split)) AlignSplits.Foresee(options);
        IReadOnlyList<AlignPlanRow> plan = AlignPlan.Rows(options, stages.Trainings, open.Contains(AlignStages.Split) ? options.Data : null);
        if (json)
            Output.Json(stages.All.Select(stage => new
            {
                stage.Name,
                stage.Title,
                Open = open.Contains(stage.Name),
                Commands = stage.Commands.Select(command => command.ToString()),
                Plan = plan.FirstOrDefault(row => row.Stage == stage.Name),
            }));
        else Print(stages.All, open, plan);
        return plan.Any(row => row.Fits == false) ? CliHost.CheckFailed : 0;
    }

    private static void Print(IReadOnlyList<AlignStage> stages, IReadOnlyList<string> open, IReadOnlyList<AlignPlanRow> plan)
    {
        Table table = new Table().Border(TableBorder.Rounded).AddColumns("stage", "what it does", "memory", "time, roughly", "");
        foreach (AlignStage stage in stages)
        {
            AlignPlanRow? row = plan.FirstOrDefault(one => one.Stage == stage.Name);
            table.AddRow(stage.Name, Markup.Escape(stage.Title), row is null ? "" : MemoryPlan.Size(row.Bytes),
                row?.Seconds is { } seconds ? TimePlan.Span(seconds) : "", open.Contains(stage.Name) ? "" : "finished");
        }
        Output.People.Write(table);
        foreach (AlignCommand command in stages.SelectMany(stage => stage.Commands)) Output.Line($"{command}");
        Output.Line($"{AlignPlan.Sum(plan)}; measuring is not counted. Nothing was run.");
        foreach (AlignPlanRow row in plan.Where(row => row.Fits == false)) Output.Line($"it does not fit: {row.Fault}");
    }

    private sealed class View : IProgress<StageProgress>
    {
        public void Report(StageProgress value)
        {
            if (value.State == StageState.Finished && value.Figures.Length == 0) return;
            string what = value.State switch { StageState.Running => value.Title, StageState.Resumed => "finished earlier", _ => value.Figures };
            Output.Note($"[{value.Number,2}/{value.Count}] {value.Stage}: {what}");
        }
    }
}
