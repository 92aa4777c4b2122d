namespace SafeRlhfV.Guard;

/// <summary>The probability of the unsafe label at the token where the label begins.</summary>
internal static class LabelScore
{
    /// <summary>The score, 0..1, of the two kinds of labels alone; null where the model gave no probabilities there.</summary>
    /// <param name="reply">The answer with its tokens.</param>
    /// <param name="labelAt">Where the label begins in the text.</param>
    /// <param name="labels">The words.</param>
    public static double? Of(GuardModelReply reply, int labelAt, (IReadOnlyList<string> Unsafe, IReadOnlyList<string> Safe) labels)
    {
        int at = 0;
        foreach (GuardModelToken token in reply.Tokens)
        {
            int start = at;
            at += token.Text.Length;
            if (at <= labelAt) continue;
            string before = labelAt > start ? token.Text[..(labelAt - start)] : ""; // a token may begin with what stands before the label
            double unsafeSum = Sum(token, before, labels.Unsafe, labels.Safe), safeSum = Sum(token, before, labels.Safe, labels.Unsafe);
            return unsafeSum + safeSum > 0 ? Math.Clamp(unsafeSum / (unsafeSum + safeSum), 0, 1) : null;
        }
        return null;
    }

    // tokens that begin one of these words and none of the others
    private static double Sum(GuardModelToken token, string before, IReadOnlyList<string> words, IReadOnlyList<string> others) => token.Candidates
        .Select(one => (Text: (one.Text.StartsWith(before, StringComparison.Ordinal) ? one.Text[before.Length..] : one.Text).Trim(), one.LogProbability))
        .Where(one => one.Text.Length > 0 && Begins(words, one.Text) && !Begins(others, one.Text))
        .Sum(one => Math.Exp(one.LogProbability));

    private static bool Begins(IReadOnlyList<string> words, string text) => words.Any(word =>
        word.StartsWith(text, StringComparison.OrdinalIgnoreCase) || text.StartsWith(word, StringComparison.OrdinalIgnoreCase));
}
