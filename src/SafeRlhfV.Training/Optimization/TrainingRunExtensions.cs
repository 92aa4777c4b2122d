using SafeRlhfV.Data;
using TorchSharp.Modules;

namespace SafeRlhfV.Training;

/// <summary>Names the parts that every trainer has, for its checkpoints.</summary>
internal static class TrainingRunExtensions
{
    /// <summary>Counts the rows that can be learnt from, before the first step (see <see cref="TrainingRun.Counted"/>), and tells of the others.
    /// A check of what the rows hold together runs after them.</summary>
    /// <exception cref="InvalidInputException">A row is damaged, none can be used, or the check finds a fault.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static UsableRows CountUsable<T>(
        this TrainingRun run, TrainingData data, RecordParts parts, SampleEncoder encoder, Func<ConversationRecord, SampleEncoder, T?> encode,
        string what = "rows", Action? check = null)
        where T : class
    {
        UsableRows rows = run.Counted(what, () =>
        {
            UsableRows counted = data.CountUsable(parts, encoder, encode, run.Cancel);
            check?.Invoke(); // where rows are counted: all ranks hear of an error then
            return counted;
        });
        run.Tell(what, rows);
        return rows;
    }

    /// <summary>
    /// Tells where ranks will have nothing to do: LoRA dropout draws its masks by parts, so parts are not cut further than the recipe says.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="role">The role that is trained.</param>
    /// <param name="parts">Parts of a batch.</param>
    /// <param name="setting">The setting that makes more of them.</param>
    public static void TellIdleRanks(this TrainingRun run, Role role, int parts, string setting)
    {
        if (role.DropsOut && parts < run.Ranks.Size)
            run.Tell($"a batch is {parts} {(parts == 1 ? "part" : "parts")} with LoRA dropout, so only {parts} of {run.Ranks.Size} ranks work; "
                + $"set {setting} lower.");
    }

    /// <summary>A tower that is trained must not see features that were kept.</summary>
    public static void CheckTower(this TrainerSettings settings, TrainingData data)
    {
        if (settings.TrainVisionTower && data.Cache.Keeps)
            throw new ArgumentException("The vision tower is trained, and the data's vision cache keeps features: give a cache of 0 bytes.", nameof(data));
    }

    /// <summary>Weights, optimizer, place in the data, and how many rows were too long.</summary>
    public static void TrackTraining<T>(
        this TrainingRun run, IReadOnlyList<(string Name, Parameter Parameter)> parameters, Updater updater, RowFeed<T> feed, SampleEncoder encoder)
            where T : class
    {
        run.TrackTraining("model", parameters, updater);
        run.Track("data", new JsonPart<CursorState>(() => feed.State, state => feed.State = state));
        run.TrackLengths(encoder);
    }

    /// <summary>How many rows and answers were too long: a resumed run counts on.</summary>
    public static void TrackLengths(this TrainingRun run, SampleEncoder encoder, string name = "lengths") =>
        run.Track(name, new JsonPart<LengthCounts>(() => encoder.Counts, counts => encoder.Counts = counts));

    /// <summary>Weights and optimizer of one model.</summary>
    public static void TrackTraining(this TrainingRun run, string name, IReadOnlyList<(string Name, Parameter Parameter)> parameters, Updater updater)
    {
        run.Track(name, new ModelPart(parameters));
        run.Track($"{name}_optimizer", updater.Optimizer);
    }
}
