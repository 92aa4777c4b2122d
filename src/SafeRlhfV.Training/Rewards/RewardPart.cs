namespace SafeRlhfV.Training;

/// <summary>What one reward says of an answer.</summary>
/// <param name="Value">Its value, before its weight; 0 where it has no part in the answer or cannot read it.</param>
/// <param name="Counts">Whether it has a part in the answer: the row has what it compares with.</param>
/// <param name="IsRead">Whether it could read the answer.</param>
internal readonly record struct RewardPart(double Value, bool Counts, bool IsRead);
