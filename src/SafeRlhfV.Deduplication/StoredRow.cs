namespace SafeRlhfV.Deduplication;

/// <summary>What the store tells of a row.</summary>
/// <param name="Number">The row's number in reading order.</param>
/// <param name="IsTrain">Whether it is a row of the split "train".</param>
/// <param name="Row">Equal where all columns are equal.</param>
/// <param name="Images">Equal where all images have the same pixels, in order.</param>
internal readonly record struct StoredRow(long Number, bool IsTrain, UInt128 Row, UInt128 Images);
