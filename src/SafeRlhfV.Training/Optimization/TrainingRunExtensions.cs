using SafeRlhfV.Data;
using TorchSharp.Modules;

namespace SafeRlhfV.Training;

/// <summary>Names the parts that every trainer has, for its checkpoints.</summary>
internal static class TrainingRunExtensions
{
    /// <summary>Weights, optimizer and place in the data.</summary>
    public static void TrackTraining<T>(this TrainingRun run, IReadOnlyList<(string Name, Parameter Parameter)> parameters, Updater updater, RowFeed<T> feed) where T : class
    {
        run.TrackTraining("model", parameters, updater);
        run.Track("data", new JsonPart<CursorState>(() => feed.State, state => feed.State = state));
    }

    /// <summary>Weights and optimizer of one model.</summary>
    public static void TrackTraining(this TrainingRun run, string name, IReadOnlyList<(string Name, Parameter Parameter)> parameters, Updater updater)
    {
        run.Track(name, new ModelPart(parameters));
        run.Track($"{name}_optimizer", updater.Optimizer);
    }
}
