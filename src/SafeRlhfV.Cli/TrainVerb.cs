using System.CommandLine;
using SafeRlhfV.Models;
using SafeRlhfV.Training;

namespace SafeRlhfV.Cli;

/// <summary><c>train NAME</c> for every trainer: a recipe, or its few needed folders, to a trained model.</summary>
internal static class TrainVerb
{
    public static Command Create()
    {
        Command train = new("train", "Train a model of any role by a recipe.");
        foreach (TrainerDefinition trainer in Trainers.All) train.Add(Create(trainer));
        return train;
    }

    private static Command Create(TrainerDefinition trainer)
    {
        Option<FileInfo?> config = new("--config")
        {
            Description = "The recipe; the folder recipes has some to begin with. Without one, defaults and the options here."
        };
        Option<string[]> set = new("--set")
        {
            Description = "A value in place of the recipe's: --set training.seed=3. May be given many times.",
            DefaultValueFactory = _ => []
        };
        Option<string?> folder = new("--out") { Description = "The run's folder (run.folder)." };
        Option<bool> resume = new("--resume") { Description = "Go on with the run that the folder holds." };
        Option<bool> skip = new("--skip-damaged") { Description = "With --resume: resume from the newest intact checkpoint if a newer one is damaged." };
        Option<bool> ignore = new("--ignore-memory") { Description = "Begin even where the plan says that memory does not suffice." };
        Option<bool> json = Output.JsonOption(), certify = new("--certify")
        {
            Description = "Demand a certificate: the policy is released only where its mean cost keeps the budget on held-out prompts (section certify)."
        };
        Option<string?> nameOption = RecipeOptions.Name();
        Command command = new(trainer.Name, $"{trainer.Summary} Example: {trainer.Example}") { config, nameOption, set, folder, resume, skip, ignore, json };
        if (typeof(RolloutRecipe).IsAssignableFrom(trainer.RecipeType)) command.Add(certify);
        List<(Option<string?> Option, string Key)> places = [(folder, "run.folder")];
        foreach (TrainOption option in trainer.Options)
        {
            Option<string?> made = new(option.Name) { Description = $"{option.Description} ({option.Key})." };
            command.Add(made);
            places.Add((made, option.Key));
        }
        Option<string?> model = places.First(place => place.Key == trainer.ModelKey).Option;
        model.Description += " In a recipe it is ${model}.";
        command.SetAction((parsed, cancellationToken) =>
        {
            FileInfo? file = parsed.GetValue(config);
            if (file is null && parsed.GetValue(nameOption) is not null)
                throw new InvalidInputException("--name is the ${name} of a recipe; give --config, or leave --name out.");
            if (parsed.GetValue(skip) && !parsed.GetValue(resume)) throw new InvalidInputException("--skip-damaged goes with --resume; give both.");
            Recipe recipe = ReadRecipe(trainer, file?.FullName, parsed.GetValue(nameOption),
                places.Where(place => parsed.GetValue(place.Option) is not null).ToDictionary(place => place.Key, place => parsed.GetValue(place.Option)!),
                [.. parsed.GetValue(set)!.Select(one => new YamlSet(one))]);
            if (recipe.Run.Folder.Length == 0) throw new InvalidInputException("train needs a folder for the run: --out FOLDER, or run.folder in the recipe.");
            CertifiedRelease? release = recipe is RolloutRecipe { Certify: { } certificate } rollout ? new(rollout, certificate) : null;
            if (parsed.GetValue(certify) && release is null)
                throw new InvalidInputException("--certify needs held-out prompts and the range of costs: "
                    + "--certify-data FOLDER --set certify.range=[LOW,HIGH], or the recipe's section certify.");
            Ranks ranks = LaunchedRanks.Join();
            RunOptions options = recipe.ToRunOptions(parsed.GetValue(resume)) with
            {
                Ranks = ranks,
                IsCandidate = release is not null,
                Margin = release?.Margin(),
            };
            if (ranks.IsFirst) RunFolder.Demand(options); // before the plan, which takes time and many lines
            if (ranks.IsFirst && options.Resume && TrainingRun.NewestCheckpoint(recipe.Run.Folder) is null)
                Output.Note($"{recipe.Run.Folder}: there is no run to resume; a new one begins.");
            RecipePlan plan = Plan(recipe, ranks, parsed.GetValue(ignore));
            try
            {
                bool released = Run(
                    recipe, plan, parsed.GetValue(skip) ? options with { SkipDamaged = true } : options, release, parsed.GetValue(json), cancellationToken);
                return Task.FromResult(released ? 0 : CliHost.CheckFailed);
            }
            catch (RunStoppedException)
            {
                if (ranks.IsFirst) RunCurves.Write(recipe); // the alarm is on the page
                throw;
            }
            catch (OperationCanceledException stop)
            {
                string[] words = [.. parsed.Tokens.Select(token => token.Value)];
                throw new StoppedException(Stopped(recipe.Run.Folder, words.Contains(resume.Name) ? words : [.. words, resume.Name]), stop);
            }
        });
        return command;
    }

    /// <summary>The recipe of a command.</summary>
    /// <param name="trainer">What is trained.</param>
    /// <param name="config">The recipe's file; null = the trainer's defaults.</param>
    /// <param name="name">What stands for ${name} in it.</param>
    /// <param name="places">Folders by the recipe's keys, as the trainer's options and --out name them.</param>
    /// <param name="sets">Values in place of the recipe's.</param>
    internal static Recipe ReadRecipe(TrainerDefinition trainer, string? config, string? name, IReadOnlyDictionary<string, string> places,
        IReadOnlyList<YamlSet> sets)
    {
        string? model = places.GetValueOrDefault(trainer.ModelKey);
        foreach (YamlSet set in sets)
            if (places.Keys.FirstOrDefault(set.Gives) is { } twice)
                throw new InvalidInputException($"--set {set.Setting}: {OptionOf(trainer, twice)} gives {twice}, too; leave one of them out.");
        YamlSet[] all =
        [
            .. places.Where(place => config is null || place.Key != trainer.ModelKey)
                .Select(place => new YamlSet($"{place.Key}={Quote(place.Value)}", OptionOf(trainer, place.Key))),
            .. sets,
        ];
        return config is null ? RecipeReader.FromSets(trainer, all)
            : RecipeOptions.Load(config, () => RecipeReader.Load(config, trainer, all, new(model, name)));
    }

    /// <summary>The option that stands for a key of the recipe.</summary>
    internal static string OptionOf(TrainerDefinition trainer, string key) =>
        key == "run.folder" ? "--out" : trainer.Options.First(option => option.Key == key).Name;

    private static string Stopped(string folder, IEnumerable<string> command) => TrainingRun.NewestCheckpoint(folder) is { } saved
        ? $"stopped. Step {saved.Step} is saved in {saved.Folder}; to resume: safe-rlhf-v {string.Join(' ', command.Select(ShellWord))}"
        : "stopped before the first step was finished; nothing is saved.";

    /// <summary>A word as a POSIX shell reads it back.</summary>
    internal static string ShellWord(string word) =>
        word.Length > 0 && word.All(letter => char.IsLetterOrDigit(letter) || letter is '_' or '-' or '.' or '/' or '=' or ':' or ',' or '+')
        ? word : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static RecipePlan Plan(Recipe recipe, Ranks ranks, bool ignore)
    {
        RecipePlan plan = RecipePlan.ByData(recipe, ranks: ranks.Size);
        if (ranks.IsFirst) foreach (string line in plan.Memory.Lines) Output.Note(line);
        bool isCpu = plan.Device == "cpu";
        int here = ranks.IsAlone ? 1 : Launcher.RanksOfThisMachine() ?? 1; // ranks that share the host's memory
        if (DeviceMemory.Free(plan.Device) is not { } free) Output.Note($"how much memory {plan.Device} has is not known here.");
        else if (!ignore) plan.Demand(isCpu ? free / here : free, isCpu ? null : DeviceMemory.Free("cpu") / here);
        return plan;
    }

    // false = the certificate does not hold
    private static bool Run(
        Recipe recipe, RecipePlan plan, RunOptions options, CertifiedRelease? release, bool json, CancellationToken cancellationToken)
    {
        TrainingView view = new(recipe.Trainer.Metrics);
        bool trained = RecipeRunner.Run(recipe, options, options.Ranks.IsFirst ? view : null, cancellationToken);
        if (!options.Ranks.IsFirst) return true;
        long? peak = trained ? DeviceMemory.PeakOfProcess() : null; // before the page is drawn, which is no part of the plan
        string result = Path.Combine(recipe.Run.Folder, ResultFolder.Name);
        if (trained)
        {
            view.Done();
            // within another verb the peak is that of all its stages
            if (plan.Device == "cpu" && !Output.IsCaptured && peak is { } most)
                Output.Note($"memory at the peak: {MemoryPlan.Size(most)}; planned were {MemoryPlan.Size(plan.Memory.TotalBytes)}");
            RunCurves.Write(recipe);
        }
        else Output.Note("this run was finished before; nothing was done.");
        (bool released, CertifiedLook? look) = release?.Release(json ? _ => { } : CertifyVerb.Print, cancellationToken) ?? (true, null);
        if (json) Output.Json(new
        {
            Folder = Path.GetFullPath(recipe.Run.Folder),
            Result = released ? Path.GetFullPath(result) : null,
            Released = released,
            Certificate = look,
            Page = Path.GetFullPath(Path.Combine(recipe.Run.Folder, RunCurves.PageName)),
            Trained = trained,
            PlannedBytes = plan.Memory.TotalBytes,
            PeakBytes = peak,
            Steps = view.Last?.Done,
            view.Last?.Metrics
        });
        else if (released) Output.Line(result);
        else Output.Line($"NOT released: the certificate does not hold; the candidate stays in {Path.Combine(recipe.Run.Folder, ResultFolder.CandidateName)}");
        return released;
    }

    private static string Quote(string value) => $"'{value.Replace("'", "''", StringComparison.Ordinal)}'";
}
