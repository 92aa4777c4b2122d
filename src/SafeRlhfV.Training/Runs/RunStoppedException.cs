namespace SafeRlhfV.Training;

/// <summary>An alarm that is set to stop a run has done so; its state is saved.</summary>
public sealed class RunStoppedException(string message) : Exception(message);
