using SafeRlhfV.Data;
using TorchSharp.Modules;

namespace SafeRlhfV.Training;

/// <summary>Names the parts that every trainer has, for its checkpoints.</summary>
internal static class TrainingRunExtensions
{
    /// <summary>Weights, optimizer, place in the data, and how many rows were too long.</summary>
    public static void TrackTraining<T>(this TrainingRun run, IReadOnlyList<(string Name, Parameter Parameter)> parameters, Updater updater, RowFeed<T> feed, SampleEncoder encoder) where T : class
    {
        run.TrackTraining("model", parameters, updater);
        run.Track("data", new JsonPart<CursorState>(() => feed.State, state => feed.State = state));
        run.TrackLengths(encoder);
    }

    /// <summary>How many rows and answers were too long: a resumed run counts on.</summary>
    public static void TrackLengths(this TrainingRun run, SampleEncoder encoder) =>
        run.Track("lengths", new JsonPart<LengthCounts>(() => encoder.Counts, counts => encoder.Counts = counts));

    /// <summary>Weights and optimizer of one model.</summary>
    public static void TrackTraining(this TrainingRun run, string name, IReadOnlyList<(string Name, Parameter Parameter)> parameters, Updater updater)
    {
        run.Track(name, new ModelPart(parameters));
        run.Track($"{name}_optimizer", updater.Optimizer);
    }
}
