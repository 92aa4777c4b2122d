namespace SafeRlhfV.Core;

/// <summary>One stage's time.</summary>
/// <param name="Name">The stage.</param>
/// <param name="Seconds">Wall-clock seconds; of the earlier run where it was resumed.</param>
/// <param name="Resumed">True where the stage was finished in an earlier run.</param>
public sealed record StageTime(string Name, double Seconds, bool Resumed = false);
