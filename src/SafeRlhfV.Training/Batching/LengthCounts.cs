namespace SafeRlhfV.Training;

/// <summary>What texts that were too long have cost.</summary>
/// <param name="Dropped">Rows left out.</param>
/// <param name="Cut">Answers that lost their end.</param>
public sealed record LengthCounts(long Dropped, long Cut);
