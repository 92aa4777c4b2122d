using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace SafeRlhfV.Training;

/// <summary>
/// What surrounds a training loop: checkpoints, exact resume, metrics, progress. All randomness of a run follows from its seed, names and the step
/// (<see cref="Random"/>) or lies in a part, so that parts and step are the whole state: a run that was stopped anywhere ends with the very bits of an unbroken
/// one.
/// </summary>
public sealed class TrainingRun : IDisposable
{
    internal const string RecipeFile = "recipe.yaml", FinishedFile = "finished.json";
    private const string CheckpointsFolder = "checkpoints", LockFile = "run.lock", Parts = "parts";

    private readonly RunOptions options;
    private readonly IProgress<TrainingProgress>? progress;
    private readonly CancellationToken cancel;
    private readonly CheckpointStore? store;
    private readonly FileStream? hold;
    private readonly Dictionary<string, ITrainingPart> parts = [];
    private readonly Stopwatch clock = new();
    private readonly List<string> notes = [];
    private readonly Dictionary<string, UsableRows> rows = [];
    private readonly Queue<double> window = new();
    private readonly Dictionary<string, JsonElement> counts = [];
    private IReadOnlyList<InputPrint>? inputs;
    private CheckpointState? begun;
    private RunJournal? journal;
    private readonly StepMeeting meeting;
    private readonly RecipeComparison recipes;
    private TimeSpan stepStart;
    private long done, saved, total;
    private IReadOnlyDictionary<string, double> last = new Dictionary<string, double>();
    private bool resumed;

    /// <summary>Opens a run; with a folder, no other process can open it meanwhile.</summary>
    /// <remarks>Of several ranks the first alone holds the folder and looks whether it may be used.</remarks>
    /// <exception cref="InvalidInputException">The folder cannot be written, is in use, or holds a run while the options forbid resuming.</exception>
    public TrainingRun(string name, RunOptions options, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(options.SaveEvery);
        (Name, this.options, this.progress, this.cancel, meeting) = (name, options, progress, cancellationToken, new StepMeeting(options.Ranks));
        recipes = new(options.RecipePlaces);
        if (options.Folder is not { } folder) return;
        store = new CheckpointStore(Path.Combine(folder, CheckpointsFolder));
        if (!Ranks.IsFirst)
        {
            IsFinished = Ranks.First("run folder", () => false);
            return;
        }
        try
        {
            Directory.CreateDirectory(Path.Combine(folder, CheckpointsFolder));
            hold = new FileStream(Path.Combine(folder, LockFile), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{folder}: cannot be used for a run ({error.Message.TrimEnd('.')}); another run may hold it.", error);
        }
        IsFinished = File.Exists(Path.Combine(folder, FinishedFile));
        try
        {
            RunFolder.Demand(options);
        }
        catch (InvalidInputException)
        {
            hold.Dispose();
            throw;
        }
        Ranks.First("run folder", () => IsFinished);
    }

    /// <summary>The run's name.</summary>
    public string Name { get; }

    /// <summary>The ranks that train together.</summary>
    internal Ranks Ranks => options.Ranks;

    /// <summary>Whether this run was finished, now or by an earlier process.</summary>
    public bool IsFinished { get; private set; }

    /// <summary>Where <see cref="Finish"/> puts the result; null for a run without a folder.</summary>
    public string? ResultFolder => options.Folder is { } folder
        ? options.Result ?? Path.Combine(folder, options.IsCandidate ? Models.ResultFolder.CandidateName : Models.ResultFolder.Name) : null;

    /// <summary>The run's folder; null: nothing is written.</summary>
    internal string? Folder => options.Folder;

    /// <summary>The effective recipe without its places; null = the run has none.</summary>
    internal string? RecipeWithoutPlaces => options.RecipeYaml is { } recipe ? recipes.Without(recipe) : null;

    /// <summary>How the run is kept and released.</summary>
    internal RunOptions Options => options;

    /// <summary>Whether the next batch is encoded beside the step; null = where the model is on a GPU.</summary>
    internal bool? EncodesAhead => options.EncodeAhead;

    /// <summary>Asks a run to stop.</summary>
    internal CancellationToken Cancel => cancel;

    /// <summary>Something that a person should know: it is shown with the next step.</summary>
    public void Tell(string note) => notes.Add(note);

    /// <summary>How many rows are learnt from: told where some are left out, and kept in the mark that the run is finished.</summary>
    internal void Tell(string what, UsableRows counted)
    {
        rows[what] = counted;
        if (counted.Note(what) is { } note) Tell(note);
    }

    /// <summary>Steps that have a checkpoint in a run's folder, newest first.</summary>
    internal static IReadOnlyList<long> CheckpointSteps(string folder) => new CheckpointStore(Path.Combine(folder, CheckpointsFolder)).Steps;

    /// <summary>The newest checkpoint in a run's folder, its step and place; null where there is none to go on from.</summary>
    public static (long Step, string Folder)? NewestCheckpoint(string folder)
    {
        CheckpointStore store = new(Path.Combine(folder, CheckpointsFolder));
        return store.Steps.Count > 0 ? (store.Steps[0], store.FolderOf(store.Steps[0])) : null;
    }

    /// <summary>The stream of random numbers of a name and a step: the same whether or not the run was stopped before it.</summary>
    public RandomStream Random(string name, long step) => new(options.Seed, $"{name}/{step}");

    /// <summary>A seed for torch's own generators, by name and step.</summary>
    public long TorchSeed(string name, long step) => (long)(Random(name, step).NextUInt64() >> 1);

    /// <summary>Takes down what files the run is made from; a run that resumes must find them as they were. Without a folder nothing is done.</summary>
    /// <exception cref="InvalidInputException">One has changed, is missing or is new.</exception>
    public void CheckInputs(IReadOnlyList<RunInput> files)
    {
        if (store is null) return;
        begun = store.NewestState();
        inputs = InputPrint.Take(files, begun?.Inputs);
        if (begun?.Inputs is { } before && InputPrint.Difference(before, inputs) is { } changed)
            throw new InvalidInputException($"{options.Folder}: {changed} since the run started; put it back as it was, or start in another folder.");
        StepMeeting.CheckInputs(Ranks, inputs);
    }

    /// <summary>Whether a checkpoint says what the run was begun with, and <see cref="CheckInputs"/> found all of it again, wherever it lies now.</summary>
    internal bool HasFoundItsInputs => begun?.Inputs is not null;

    /// <summary>Something counted in the run's inputs before the first step. A run of the same recipe that goes on with the same files
    /// (<see cref="CheckInputs"/>) takes it from the checkpoint, and counts nothing again.</summary>
    /// <param name="name">Its name; each is counted once.</param>
    /// <param name="count">Counts it.</param>
    internal T Counted<T>(string name, Func<T> count)
    {
        JsonElement kept = default;
        bool isSame = begun is { Inputs: not null } && begun.Name == Name && begun.Seed == options.Seed && IsOfThisRecipe(begun.Step);
        bool isKept = isSame && begun!.Counts?.TryGetValue(name, out kept) == true;
        // counted once for all ranks: they must agree on the number of steps
        T value = Ranks.First($"count of {name}", () => isKept ? kept.Deserialize<T>(CheckpointState.Options)! : count());
        counts.Add(name, JsonSerializer.SerializeToElement(value, CheckpointState.Options));
        return value;
    }

    /// <summary>Names something whose state belongs to the run. Do this before <see cref="Resume"/>.</summary>
    public void Track(string name, ITrainingPart part)
    {
        if (resumed) throw new InvalidOperationException("Parts are named before the run is resumed.");
        if (name.Length == 0 || name.Any(letter => !char.IsAsciiLetterOrDigit(letter) && letter is not '-' and not '_'))
            throw new ArgumentException($"'{name}' is no name for a part: letters, digits, - and _ only.", nameof(name));
        parts.Add(name, part);
    }

    /// <summary>Loads the newest sound checkpoint into the parts and sets the metrics back to it.</summary>
    /// <returns>The steps done: 0 where the run begins.</returns>
    /// <exception cref="InvalidInputException">A checkpoint is damaged, or belongs to another recipe, seed or trainer.</exception>
    public long Resume()
    {
        if (resumed) throw new InvalidOperationException("A run is resumed once.");
        resumed = true;
        clock.Start();
        if (store is null)
        {
            journal = Journal(null);
            return 0;
        }
        long? newest = Ranks.First("checkpoint", () =>
        {
            store.RemoveLeftovers();
            AtomicFolder.RemoveLeftovers(options.Folder!);
            foreach (string left in Directory.EnumerateFiles(options.Folder!, "*.partial")) File.Delete(left);
            return FindCheckpoint();
        });
        if (newest is { } step) Load(step);
        else
        {
            journal = Journal(null);
            WriteRecipe();
        }
        meeting.Begin();
        return done;
    }

    /// <summary>
    /// Reports that an optimiser's step or a PPO round is finished: its metrics are logged and shown, and a checkpoint is written when one is due. If the run
    /// was cancelled, a checkpoint is written and this ends it.
    /// </summary>
    /// <param name="done">Steps finished, this one counted.</param>
    /// <param name="total">Steps of the whole run.</param>
    /// <param name="metrics">What the step gave; the same on every machine for the same seed and thread count.</param>
    /// <param name="times">What depends on the clock, such as tokens a second: shown and logged apart.</param>
    /// <exception cref="InvalidInputException">A metric is not finite (see <see cref="RunOptions.StopAtNonFinite"/>), or the disk is full.</exception>
    /// <exception cref="RunStoppedException">An alarm stops the run; its state is saved.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled; its state is saved.</exception>
    public void Step(long done, long total, IReadOnlyDictionary<string, double> metrics, IReadOnlyDictionary<string, double>? times = null)
    {
        if (!resumed) throw new InvalidOperationException("Resume comes before the first step.");
        if (done != this.done + 1) throw new ArgumentException($"Step {done} was reported after step {this.done}.", nameof(done));
        (this.done, this.total, last) = (done, total, metrics);
        if (options.StopAtNonFinite && Divergence.In(metrics) is { } diverged)
        {
            string left = store is null ? "" : saved == 0 ? " There is no checkpoint yet." : $" The checkpoint of step {saved} is good.";
            throw new InvalidInputException($"{Name}: {diverged} at step {done}, {Divergence.Advice}{left}");
        }
        Remember(metrics);
        Dictionary<string, double> clocked = new(times ?? new Dictionary<string, double>()) { ["seconds"] = (clock.Elapsed - stepStart).TotalSeconds };
        bool stops = !Ranks.IsAlone && meeting.End(done, clock.Elapsed - stepStart, cancel.IsCancellationRequested, clocked);
        stepStart = clock.Elapsed;
        Note(metrics, clocked);
        progress?.Report(new TrainingProgress(Name, done, total, metrics.Concat(clocked).DistinctBy(pair => pair.Key).ToDictionary()) { Notes = [.. notes] });
        notes.Clear();
        if (Ranks.IsAlone) stops = cancel.IsCancellationRequested;
        bool due = options.SaveEvery > 0 && done % options.SaveEvery == 0;
        // rank 0 has the whole history after a resume
        string? hacking = options.Judge is { Stop: true } ? Ranks.First("alarm", () => journal!.Hacking) : null;
        if (due || stops || hacking is not null) Save();
        if (hacking is not null)
        {
            if (!Ranks.IsAlone) Ranks.StopTogether();
            throw new RunStoppedException($"{Name}: stopped at step {done} by training.judge.stop: {hacking}");
        }
        if (stops)
        {
            Ranks.StopTogether();
            throw new OperationCanceledException(cancel);
        }
        stepStart = clock.Elapsed; // what saving took is no part of the next step
        meeting.Begin();
    }

    /// <summary>
    /// Writes a checkpoint of the last finished step, where there is none yet: for a trainer that is stopped within a step and has put its parts back.
    /// </summary>
    /// <exception cref="InvalidInputException">The disk is full or refuses.</exception>
    public void SaveLast()
    {
        if (done > saved) Save();
    }

    /// <summary>Ends the run: a last checkpoint, the result in a folder of its own, and the mark that it is finished.</summary>
    /// <param name="saveResult">Writes the result into the folder it is given; it becomes <see cref="ResultFolder"/> when it is whole.</param>
    /// <exception cref="InvalidInputException">The disk is full or refuses.</exception>
    public void Finish(Action<string>? saveResult = null)
    {
        if (!resumed) throw new InvalidOperationException("Resume comes before the end.");
        if (store is not null && !IsFinished)
        {
            if (saved != done || store.Steps.Count == 0) Save();
            if (saveResult is not null && Ranks.IsFirst)
                CheckpointStore.WriteFolder(ResultFolder!, aside =>
                {
                    saveResult(aside);
                    if (options.RecipeYaml is { } recipe) File.WriteAllText(Path.Combine(aside, RecipeFile), recipe);
                }, () => $"the run itself is whole in the checkpoint of step {saved}");
            if (Ranks.IsFirst) AtomicFile.Write(Path.Combine(options.Folder!, FinishedFile), JsonSerializer.SerializeToUtf8Bytes(new
            {
                name = Name,
                steps = done,
                rows = rows.ToDictionary(pair => pair.Key, pair => pair.Value.Counts),
            }));
        }
        Ranks.First("end of the run", () => true);
        IsFinished = true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        journal?.Dispose();
        hold?.Dispose();
    }

    private long? FindCheckpoint()
    {
        IReadOnlyList<long> steps = store!.Steps;
        long? sound = null;
        List<string> damages = [];
        foreach (long step in steps)
        {
            if (store.FindDamage(step) is not { } damage)
            {
                sound = step;
                break;
            }
            damages.Add($"{store.FolderOf(step)}: the checkpoint is damaged ({damage})");
        }
        if (damages.Count == 0) return sound;
        string all = string.Join("; ", damages);
        if (sound is null) throw new InvalidInputException($"{all}; there is no sound one before it. Start again in another folder.");
        if (!options.SkipDamaged)
            throw new InvalidInputException($"{all}; the one before it, step {sound}, is sound: allow it with --skip-damaged, or delete the damaged folder.");
        notes.Add($"{all}; going on from step {sound}.");
        // a later checkpoint of this run would leave the damaged ones behind as the newest ones
        foreach (long step in steps.Where(step => step > sound)) Directory.Delete(store.FolderOf(step), recursive: true);
        return sound;
    }

    private void Load(long step)
    {
        string folder = store!.FolderOf(step);
        CheckpointState state = CheckpointState.Read(folder);
        if (state.Name != Name) throw new InvalidInputException($"{folder}: belongs to the run '{state.Name}', and this is '{Name}'; choose another folder.");
        if (state.Seed != options.Seed)
            throw new InvalidInputException($"{folder}: was started with seed {state.Seed}, and this run has "
                + $"{options.Seed}; take the same seed or another folder.");
        if (parts.Keys.Except(state.Parts).Concat(state.Parts.Except(parts.Keys)).FirstOrDefault() is { } other)
            throw new InvalidInputException($"{folder}: does not match this run in '{other}'; the checkpoint belongs to another recipe.");
        string recipe = Path.Combine(folder, RecipeFile);
        if (options.RecipeYaml is { } wanted && File.Exists(recipe) && File.ReadAllText(recipe) is var before)
        {
            if (recipes.Difference(before, wanted) is { } difference)
                throw new InvalidInputException($"{recipe}: the run was started with another recipe "
                    + $"({difference}); take the saved recipe, or start in another folder.");
            foreach (string move in recipes.Moves(before, wanted)) Tell(move);
            if (before != wanted) WriteRecipe();
        }
        foreach ((string name, ITrainingPart part) in parts) part.Load(Path.Combine(folder, Parts, name));
        (done, saved, total, last) = (state.Step, state.Step, state.Total, state.Metrics);
        string metrics = Path.Combine(folder, MetricsLog.FileName);
        foreach ((_, IReadOnlyDictionary<string, double> values) in options.BestMetric is null ? [] : MetricsLog.Read(metrics)) Remember(values);
        journal = Journal(Ranks.IsFirst ? File.ReadAllBytes(metrics) : null);
    }

    private RunJournal Journal(byte[]? kept) => new(Ranks.IsFirst ? options.Folder : null, Name, kept, options.CostLimit, options.Judge);

    private bool IsOfThisRecipe(long step) =>
        options.RecipeYaml is { } wanted && Path.Combine(store!.FolderOf(step), RecipeFile) is var path && File.Exists(path)
        && recipes.Difference(File.ReadAllText(path), wanted) is null;

    private void WriteRecipe()
    {
        if (Ranks.IsFirst && options.RecipeYaml is { } recipe) AtomicFile.Write(Path.Combine(options.Folder!, RecipeFile), Encoding.UTF8.GetBytes(recipe));
    }

    private void Save()
    {
        if (store is null) return;
        if (!Ranks.IsFirst)
        {
            foreach (IShardedPart part in parts.Values.OfType<IShardedPart>()) part.SaveWithFirst();
            saved = done;
            return;
        }
        store.Write(done, aside =>
        {
            double? best = window.Count > 0 ? window.Average() : null;
            new CheckpointState(Name, done, total, options.Seed, [.. parts.Keys], last) { Best = best, Inputs = inputs, Counts = counts }.Write(aside);
            if (options.RecipeYaml is { } recipe) File.WriteAllText(Path.Combine(aside, RecipeFile), recipe);
            journal!.CopyTo(aside);
            foreach ((string name, ITrainingPart part) in parts) part.Save(Directory.CreateDirectory(Path.Combine(aside, Parts, name)).FullName);
        });
        saved = done;
        store.Prune(options.KeepLast, Best());
    }

    private long? Best()
    {
        if (options.BestMetric is null) return null;
        (long Step, double Value)[] known =
            [.. store!.Steps.Select(step => (step, CheckpointState.Read(store.FolderOf(step)).Best ?? double.NaN)).Where(one => double.IsFinite(one.Item2))];
        if (known.Length == 0) return null;
        return options.BestIsLowest ? known.MinBy(one => one.Value).Step : known.MaxBy(one => one.Value).Step;
    }

    private void Remember(IReadOnlyDictionary<string, double> metrics)
    {
        if (options.BestMetric is not { } metric) return;
        if (!metrics.TryGetValue(metric, out double value))
            throw new InvalidInputException($"run.best_metric: {Name} has no metric '{metric}'; it has {string.Join(", ", metrics.Keys)}.");
        window.Enqueue(value);
        if (window.Count > options.BestWindow) window.Dequeue();
    }

    private void Note(IReadOnlyDictionary<string, double> metrics, IReadOnlyDictionary<string, double> times)
    {
        try
        {
            notes.AddRange(journal!.Add(done, metrics, times));
        }
        catch (IOException error)
        {
            throw new InvalidInputException($"{options.Folder}: the metrics cannot be written ({error.Message.TrimEnd('.')}); the last good checkpoint is "
                + $"that of step {saved}. Free some space, then resume.", error);
        }
    }
}
