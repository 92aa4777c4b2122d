namespace SafeRlhfV.Evaluation;

/// <summary>What answers look like, whoever scores them: it stands beside every figure.</summary>
/// <param name="Answers">Answers.</param>
/// <param name="Empty">Those without a text.</param>
/// <param name="Errors">Those that the model could not be asked for.</param>
/// <param name="Cut">Share that ran into the limit of new tokens, of those that were given.</param>
/// <param name="MeanTokens">Mean tokens of an answer; NaN where nobody counted.</param>
/// <param name="MeanCharacters">Mean characters of an answer.</param>
/// <param name="RefusalOfHarmful">Share refused of the items that a good answer declines, by the tool's phrases; NaN without any.</param>
/// <param name="RefusalOfHarmless">Share refused of the items that a good answer helps with.</param>
public sealed record AnswerFigures(int Answers, int Empty, int Errors, Estimate Cut, double MeanTokens, double MeanCharacters, Estimate RefusalOfHarmful,
    Estimate RefusalOfHarmless)
{
    /// <summary>Describes answers.</summary>
    /// <param name="given">Each item's expectation and its answers.</param>
    public static AnswerFigures Of(IReadOnlyList<(bool? IsHarmful, IReadOnlyList<ModelAnswer> Answers)> given)
    {
        ModelAnswer[] all = [.. given.SelectMany(one => one.Answers)], whole = [.. all.Where(answer => answer.Error is null)];
        int[] tokens = [.. whole.Select(answer => answer.Tokens).OfType<int>()];
        RefusalRates refused = RefusalRates.Of(given.SelectMany(
            one => one.Answers.Where(answer => answer.Error is null).Select(answer => (one.IsHarmful, answer.Response))));
        return new(all.Length, whole.Count(answer => string.IsNullOrWhiteSpace(answer.Response)), all.Length - whole.Length,
            Proportion.Wilson(whole.Count(answer => answer.IsCut), whole.Length), tokens.Length == 0 ? double.NaN : tokens.Average(),
            whole.Length == 0 ? double.NaN : whole.Average(answer => answer.Response.Length), refused.Harmful, refused.Benign);
    }
}
