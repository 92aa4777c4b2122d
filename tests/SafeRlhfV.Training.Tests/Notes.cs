namespace SafeRlhfV.Training.Tests;

/// <summary>Keeps what a run says to a person.</summary>
internal sealed class Notes : IProgress<TrainingProgress>
{
    public List<string> All { get; } = [];

    public void Report(TrainingProgress value) => All.AddRange(value.Notes);
}
