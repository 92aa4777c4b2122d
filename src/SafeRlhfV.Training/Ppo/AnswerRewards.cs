using SafeRlhfV.Objectives;

namespace SafeRlhfV.Training;

/// <summary>What an answer's length does to its reward.</summary>
internal static class AnswerRewards
{
    /// <summary>The reward; that of the settings where the answer has no token but its end.</summary>
    public static double Base(Episode one, RolloutSettings settings, SampleBatcher batcher) =>
        settings.NoAnswerReward is { } none && IsEmpty(one, batcher) ? none : one.Reward;

    /// <summary>What is added for an answer near or beyond the limit: 0 or less.</summary>
    public static double Overlong(Episode one, RolloutSettings settings) => settings.Overlong == OverlongAnswers.Penalise
        // an answer that was cut would have gone on
        ? settings.OverlongPenalty * OverlongPenalty.Of(one.Sample.Response.Length + (one.Ended ? 0 : 1), settings.MaxNewTokens, settings.OverlongMargin)
        : 0;

    /// <summary>Whether an answer has no token but its end.</summary>
    public static bool IsEmpty(Episode one, SampleBatcher batcher) => one.Sample.Response.All(batcher.EosTokenIds.Contains);
}
