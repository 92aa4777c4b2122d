namespace SafeRlhfV.Training;

/// <summary>How the batch of a step is cut into parts.</summary>
internal static class Steps
{
    /// <summary>A batch in parts that fit into memory; 0 = in one.</summary>
    public static IEnumerable<T[]> Micro<T>(IReadOnlyList<T> samples, int size) => samples.Chunk(size > 0 ? size : samples.Count);

    /// <summary>
    /// A batch in parts as the settings say: of so many samples, or of samples of like length with so many tokens. Which samples make a batch does not change,
    /// so neither does the place in the data. A sample that is too long by itself is a part of its own.
    /// </summary>
    public static IReadOnlyList<T[]> Micro<T>(IReadOnlyList<T> samples, TrainerSettings settings) where T : ISized
    {
        if (settings.MicroBatchTokens == 0) return [.. Micro(samples, settings.MicroBatchSize)];
        int most = settings.MicroBatchSize > 0 ? settings.MicroBatchSize : samples.Count;
        return [.. Cut(samples.OrderBy(sample => sample.Size.Tokens),
            (part, sample) => part.Count < most && Tokens([.. part, sample]) <= settings.MicroBatchTokens)];
    }

    /// <summary>Cuts a sequence, in its order, into parts that each take as much as fits; what fits nowhere is a part of its own.</summary>
    /// <param name="all">The sequence.</param>
    /// <param name="fits">Whether a part, never empty, may take one more.</param>
    public static IEnumerable<T[]> Cut<T>(IEnumerable<T> all, Func<IReadOnlyList<T>, T, bool> fits)
    {
        List<T> part = [];
        foreach (T one in all)
        {
            if (part.Count > 0 && !fits(part, one))
            {
                yield return [.. part];
                part.Clear();
            }
            part.Add(one);
        }
        if (part.Count > 0) yield return [.. part];
    }

    /// <summary>Share of padding among all tokens of the parts.</summary>
    public static double Padding<T>(IReadOnlyList<T[]> parts) where T : ISized =>
        1 - (parts.Sum(part => part.Sum(sample => sample.Size.Filled)) / (double)parts.Sum(part => Tokens(part)));

    // prompts are padded on the left and answers on the right, so that each is as wide as its longest
    private static long Tokens<T>(IReadOnlyList<T> part) where T : ISized =>
        (long)part.Count * part.Max(sample => sample.Size.Prompt) + part.Sum(sample => (long)sample.Size.Answers) * part.Max(sample => sample.Size.Response);
}
