using System.Globalization;
using SafeRlhfV.Models;
using SafeRlhfV.Training;

namespace SafeRlhfV.Cli;

/// <summary>The stages of <c>align</c> in order: each is what a person would run by hand, in a folder of its own.</summary>
internal sealed class AlignStages
{
    /// <summary>Names of stages.</summary>
    public const string Split = "split", CheckData = "check-data", DataGate = "data-gate", Plan = "plan", Sft = "sft", Merge = "merge", Reward = "reward",
        Cost = "cost", CheckScores = "check-scores", ScoreGate = "score-gate", Policy = "policy", Guard = "guard", Calibrate = "calibrate",
        GuardGate = "guard-gate", CheckGuard = "check-guard", JudgeReward = "judge-reward", JudgeCost = "judge-cost", CheckJudges = "check-judges",
        Answers = "answers", Scores = "scores", Judge = "judge", Benchmarks = "benchmarks", Report = "report";

    /// <summary>All names, in order.</summary>
    public static readonly IReadOnlyList<string> Names =
    [
        Split, CheckData, DataGate, Plan, Sft, Merge, Reward, Cost, CheckScores, ScoreGate, Policy, Guard, Calibrate, GuardGate, CheckGuard,
        JudgeReward, JudgeCost, CheckJudges, Answers, Scores, Judge, Benchmarks, Report,
    ];

    /// <summary>Stages that may be left out.</summary>
    public static readonly IReadOnlyList<string> Optional = [Sft, Guard];

    private readonly AlignOptions options;
    private readonly AlignFolders folders;
    private readonly AlignGates gates;
    private readonly string model, modelDigest, dataDigest;
    private readonly List<AlignStage> stages = [];

    /// <summary>Makes the stages; nothing is run.</summary>
    /// <param name="options">What was asked for.</param>
    /// <param name="gates">What is checked between stages.</param>
    /// <param name="digests">Digests of the model and the data.</param>
    /// <exception cref="InvalidInputException">A recipe has faults.</exception>
    public AlignStages(AlignOptions options, AlignGates gates, InputDigests digests)
    {
        (this.options, this.gates, folders) = (options, gates, options.Folders);
        model = Path.GetFullPath(ResultFolder.Find(options.Model));
        (modelDigest, dataDigest) = (digests.OfModel(model), digests.OfData(options.Data));
        AddData();
        AddTraining();
        AddMeasuring();
        if (options.Settings.SetTrainers.Except(Trainings.Select(one => one.Training.Trainer.Name)).FirstOrDefault() is { } idle)
            throw new InvalidInputException($"--set {idle}: this run trains no {idle} (--method {options.Method}"
                + $"{string.Concat(options.Skip.Select(name => $" --skip {name}"))}); leave it out.");
    }

    /// <summary>The stages.</summary>
    public IReadOnlyList<AlignStage> All => stages;

    /// <summary>The training runs, by stage.</summary>
    public IReadOnlyList<(string Stage, AlignTraining Training)> Trainings =>
        [.. stages.Where(stage => stage.Training is not null).Select(stage => (stage.Name, stage.Training!))];

    // where stages after SFT start from
    private string Start => options.Skip.Contains(Sft) ? model : stages.Any(stage => stage.Name == Merge) ? folders.Run(Merge) : folders.Run(Sft);

    private string StartStage => options.Skip.Contains(Sft) ? Plan : stages.Any(stage => stage.Name == Merge) ? Merge : Sft;

    // whose answers are compared
    private (string Name, string Folder)[] Judged => [(AlignFolders.Start, Start), (AlignFolders.Aligned, folders.Run(Policy))];

    private void AddData()
    {
        string seed = Text(options.Seed ?? 0);
        stages.Add(new AlignStage(Split, "split the data: no image in two splits")
        {
            Commands = [new(["data", "split", options.Data, "--shares", options.Settings.Shares, "--out", folders.Data, "--seed", seed])
            { Printed = folders.Check(Split), WhenResumed = ["--overwrite"] }],
            Own = _ => AlignSplits.Demand(options),
            Inputs = dataDigest,
            Places = [options.Data],
            Makes = [folders.Data, folders.Check(Split)],
        });
        string[] trainers = [.. ((string[])[Sft, Reward, Cost, AlignOptions.Methods[options.Method].Trainer, Guard]).Except(options.Skip)];
        stages.Add(new AlignStage(CheckData, "look for what is wrong with the rows", Split)
        {
            // the user's own files, whose rows can be found; images in two of their splits part when they are split anew
            Commands = [new(["data", "validate", options.Data, .. trainers.SelectMany(trainer => (string[])["--for", trainer])])
            { Printed = folders.Check(CheckData), MayFail = true }],
            Inputs = dataDigest,
            Places = [options.Data],
            Makes = [folders.Check(CheckData)],
        });
        stages.Add(new AlignStage(DataGate, "gate: rows without errors", CheckData) { Own = _ => gates.CheckData(), IsAlwaysRun = true });
        stages.Add(new AlignStage(Plan, "plan memory and time of every training run", DataGate)
        {
            Own = _ => AlignPlan.Demand(options, Trainings),
            Inputs = string.Join('\n', options.Card?.Name ?? "", modelDigest, options.IgnoresMemory),
            Makes = [folders.Plan],
        });
    }

    private void AddTraining()
    {
        if (!options.Skip.Contains(Sft))
        {
            stages.Add(Train(Sft, "SFT: the start policy", "sft", [Plan], model));
            // all later stages start from whole models
            if (stages[^1].Training!.Recipe.Base.Lora is not null) stages.Add(new AlignStage(Merge, "add SFT's adapter into the model", Sft)
            {
                Commands = [new(["model", "merge", "--model", model, "--adapter", folders.Run(Sft), "--out", folders.Run(Merge)])
                { WhenResumed = ["--overwrite"] }],
                Makes = [folders.Run(Merge)],
            });
        }
        stages.Add(Train(Reward, "RM-V: learn helpfulness", "reward", [StartStage], Start));
        stages.Add(Train(Cost, "CM-V: learn harm", "cost", [StartStage], Start));
        stages.Add(Preference(CheckScores, "measure RM-V and CM-V on the validation split", AlignSettings.Validation, Reward, Cost));
        stages.Add(new AlignStage(ScoreGate, "gate: RM-V and CM-V are good enough to follow", CheckScores)
        { Own = _ => gates.CheckScores(), IsAlwaysRun = true });
        bool follows = AlignOptions.FollowsScores(options.Method);
        (string trainer, string[] sets) = AlignOptions.Methods[options.Method];
        // without a recipe: whole models, and no instructions beside the pairs
        string[] plain = follows && options.Settings.Trainers[trainer].Recipe is null ? ["model.sharing=none", "training.ptx_coefficient=0"] : [];
        stages.Add(Train(Policy, $"{options.Method}: {(follows ? "raise the reward within the budget" : "learn the preferences")}", trainer,
            [ScoreGate], Start, follows ? [("model.reward", folders.Run(Reward)), ("model.cost", folders.Run(Cost))] : [], before: [.. plain, .. sets],
            after: options.Budget is { } budget ? [$"training.multiplier.budget={Text(budget)}"] : []));
        if (options.Skip.Contains(Guard)) return;
        stages.Add(Train(Guard, "the guard: learn to moderate", "guard", [Plan], model));
        stages.Add(new AlignStage(Calibrate, "calibrate the guard on the validation split", Guard)
        {
            Commands = [new(["guard", "calibrate", folders.Data, "--guard", folders.Run(Guard), "--split", AlignSettings.Validation,
                "--miss", Text(options.Settings.Miss)])
            { Printed = folders.Check(Calibrate), KeepsRefusal = true }],
            Own = _ => gates.Calibration(),
            Makes = [folders.Check(Calibrate)],
        });
        stages.Add(new AlignStage(GuardGate, "gate: the guard is calibrated", Calibrate) { Own = _ => gates.CheckGuard(), IsAlwaysRun = true });
        stages.Add(new AlignStage(CheckGuard, "measure the guard on the test split", Calibrate)
        {
            Commands = [new(["guard", "evaluate", folders.Data, "--guard", folders.Run(Guard), "--split", AlignSettings.Test])
            { Printed = folders.Check(CheckGuard) }],
            Makes = [folders.Check(CheckGuard)],
        });
    }

    private void AddMeasuring()
    {
        // neither has seen a row that a stage before learnt from, and the policy has not seen them
        string[] held = [$"training.seed={Text((options.Seed ?? 0) + 1)}"];
        stages.Add(Train(JudgeReward, "a second RM-V, of the validation split, to judge by", "reward", [StartStage], Start, after: held,
            split: AlignSettings.Validation));
        stages.Add(Train(JudgeCost, "a second CM-V, of the validation split, to judge by", "cost", [StartStage], Start, after: held,
            split: AlignSettings.Validation));
        stages.Add(Preference(CheckJudges, "measure both judges on the test split", AlignSettings.Test, JudgeReward, JudgeCost));
        stages.Add(new AlignStage(Answers, "answers of start and aligned model to the test split", StartStage, Policy)
        {
            Commands = [.. Judged.Select(one => new AlignCommand([
                "generate", "--model", one.Folder, "--data", folders.Data, "--split", AlignSettings.Test, "--out", folders.Answers(one.Name),
                "--max-new-tokens", Text(options.Settings.MaxNewTokens), "--seed", Text(options.Seed ?? 0), "--skip-long", .. Device])
            { WhenResumed = ["--resume"] })],
            Makes = [.. Judged.Select(one => folders.Answers(one.Name))],
        });
        (string Name, string Head)[] scored = [.. Judged.SelectMany(one => new[] { (one.Name, JudgeReward), (one.Name, JudgeCost) })];
        stages.Add(new AlignStage(Scores, "score the answers with both judges", Answers, CheckJudges)
        {
            Commands = [.. scored.Select(one => new AlignCommand([
                "score", "--model", folders.Run(one.Head), "--data", folders.Data, "--split", AlignSettings.Test, "--answers", folders.Answers(one.Name),
                "--out", folders.Scores(one.Name, one.Head), .. Device])
            { WhenResumed = ["--overwrite"] })],
            Makes = [.. scored.Select(one => folders.Scores(one.Name, one.Head))],
        });
        AddOthers();
    }

    // judges from outside, where they are named
    private void AddOthers()
    {
        string journal = folders.At("judge", "verdicts.jsonl");
        if (options.Judge.Count > 0) stages.Add(new AlignStage(Judge, "win rates by the judge", Answers)
        {
            Commands = [new(["eval", "judge", "--data", folders.Data, "--split", AlignSettings.Test, "--candidate", folders.Answers(AlignFolders.Aligned),
                "--baseline", folders.Answers(AlignFolders.Start), "--journal", journal, "--out", folders.JudgeResult, .. options.Judge])
            { Printed = folders.Check(Judge) }],
            Makes = [folders.Check(Judge), journal, folders.JudgeResult],
        });
        if (options.Benchmarks.Count > 0) stages.Add(new AlignStage(Benchmarks, "benchmarks of start and aligned model", StartStage, Policy)
        {
            Commands = [.. Judged.Select(one => new AlignCommand([
                "eval", "bench", .. options.Benchmarks, "--model", one.Folder, .. options.Judge, .. Device, "--out", folders.BenchmarkResult(one.Name),
                // a judge also compares the aligned model's answers with the start's
                .. options.Judge.Count > 0 && one.Name == AlignFolders.Aligned ? (string[])["--baseline", folders.BenchmarkResult(AlignFolders.Start)] : []])
            { Printed = folders.Check($"{Benchmarks}-{one.Name}") })],
            Makes = [folders.At("benchmarks"), .. Judged.Select(one => folders.Check($"{Benchmarks}-{one.Name}"))],
        });
        string[] measured = [Scores, CheckJudges, .. ((string[])[CheckGuard, Judge, Benchmarks]).Where(name => stages.Any(stage => stage.Name == name))];
        stages.Add(new AlignStage(Report, "report page, results.json and model card", measured)
        {
            Own = _ => new AlignReporting(options, gates, model).Write(),
            IsAlwaysRun = true, // it asks nothing and takes no time, and the gates' levels may have changed
        });
    }

    private AlignStage Preference(string name, string title, string split, string reward, string cost) => new(name, title, reward, cost)
    {
        Commands = [.. new[] { (Head: reward, As: "reward"), (Head: cost, As: "cost") }.Select(one => new AlignCommand([
            "eval", "preference", "--model", folders.Run(one.Head), "--as", one.As, "--data", folders.Data, "--split", split,
            "--skip-long", .. Device])
        { Printed = folders.Check(one.Head) })],
        Makes = [folders.Check(reward), folders.Check(cost)],
    };

    private AlignStage Train(string name, string title, string trainer, string[] stagesBefore, string start,
        (string Key, string Folder)[]? scorers = null, string[]? before = null, string[]? after = null, string split = AlignSettings.Train)
    {
        TrainerDefinition definition = Trainers.All.Find(trainer)!;
        (string? recipe, IReadOnlyList<YamlSet> sets) = options.Settings.Trainers[trainer];
        string data = definition.Options.First(option => option.Name == "--data").Key, splitKey = $"{data[..^"folder".Length]}split";
        Dictionary<string, string> places = new() { [definition.ModelKey] = start, [data] = folders.Data, ["run.folder"] = folders.Run(name) };
        foreach ((string key, string folder) in scorers ?? []) places.Add(key, folder);
        YamlSet[] all =
        [
            .. Own(before), .. sets, .. Own($"{splitKey}={split}"),
            .. options.Seed is { } seed ? Own($"training.seed={Text(seed)}") : [], .. options.Card is null ? [] : Own("model.device=cuda"), .. Own(after),
        ];
        (string Key, string? Option)[] decided =
        [
            .. places.Keys.Append(splitKey).Select(key => (key, (string?)null)), ("training.seed", options.Seed is null ? "" : "--seed"),
            ("model.device", options.Card is null ? "" : "--gpu"), ("training.multiplier.budget", options.Budget is null || name != Policy ? "" : "--budget"),
        ];
        foreach (YamlSet set in sets)
            foreach ((string key, string? option) in decided.Where(one => one.Option != "" && set.Gives(one.Key)))
                if (option is null) throw new InvalidInputException($"{set.Source} {set.Setting}: align itself decides {key}; leave it out.");
                else if (set.Source!.StartsWith("--set", StringComparison.Ordinal)) // an option goes before a file
                    throw new InvalidInputException($"{set.Source} {set.Setting}: {option} gives {key}, too; leave one of them out.");
        IEnumerable<YamlSet> Own(params string[]? values) => (values ?? []).Select(value => new YamlSet(value, "align"));
        AlignTraining training = new()
        {
            Trainer = definition,
            Config = recipe,
            Places = places,
            Sets = all,
            Start = model,
            Share = options.Settings.ShareOf(split),
        };
        return new AlignStage(name, title, stagesBefore)
        {
            Training = training,
            Commands = [training.Command],
            Inputs = modelDigest,
            Makes = [folders.Run(name)],
        };
    }

    // models are run where the policy is trained
    private string[] Device => RecipePlan.DeviceOf(stages.First(stage => stage.Training is not null).Training!.Recipe) is var device && device != "cpu"
        ? ["--device", device] : [];

    private static string Text(IFormattable number) => number.ToString(null, CultureInfo.InvariantCulture);
}
