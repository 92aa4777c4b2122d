namespace SafeRlhfV.Deduplication;

/// <summary>What repeats in a data set. Leaks come first: they make every figure on held-out rows wrong.</summary>
/// <param name="Rows">Rows looked at.</param>
/// <param name="Unreadable">Rows with an image that cannot be decoded; only its bytes and the words are compared.</param>
/// <param name="ExactLeaks">Train rows with a row held out that has the same pixels.</param>
/// <param name="NearLeaks">Train rows with a row held out whose image looks the same, and the bits of 64 between their difference hashes.</param>
/// <param name="EqualRows">Rows equal in every column.</param>
/// <param name="EqualPixels">Rows of one split whose images have the same pixels, whatever the encoding.</param>
/// <param name="NearImages">Rows of one split whose images look the same, and the bits between them.</param>
/// <param name="EqualWords">Rows whose question and answers are the same words (case, spaces and Unicode form aside).</param>
/// <param name="Dropped">The rows that the written copy leaves out.</param>
public sealed record DeduplicationReport(long Rows, IReadOnlyList<RowPosition> Unreadable,
    IReadOnlyList<(RowPosition Train, RowPosition Held)> ExactLeaks,
    IReadOnlyList<(RowPosition Train, RowPosition Held, int Bits)> NearLeaks,
    IReadOnlyList<IReadOnlyList<RowPosition>> EqualRows, IReadOnlyList<IReadOnlyList<RowPosition>> EqualPixels,
    IReadOnlyList<(RowPosition First, RowPosition Second, int Bits)> NearImages,
    IReadOnlyList<IReadOnlyList<RowPosition>> EqualWords, IReadOnlyList<RowPosition> Dropped);
