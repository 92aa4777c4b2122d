namespace SafeRlhfV.Training;

/// <summary>One finished step, for a view of the run.</summary>
/// <param name="Name">The run's name.</param>
/// <param name="Done">Steps done.</param>
/// <param name="Total">Steps of the whole run.</param>
/// <param name="Metrics">The step's metrics.</param>
public sealed record TrainingProgress(string Name, long Done, long Total, IReadOnlyDictionary<string, double> Metrics)
{
    /// <summary>What a person should know: alarms, and remarks on resuming. Mostly empty.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}
