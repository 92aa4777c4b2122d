namespace SafeRlhfV.Training;

/// <summary>What RM-V and CM-V say of responses: of all of each, and where both costs are told, CM-V also of what is said outside of the thoughts.</summary>
internal static class ResponseScores
{
    /// <summary>Scores responses.</summary>
    /// <param name="rows">The responses.</param>
    /// <param name="batch">The same, side by side.</param>
    /// <param name="scores">RM-V and CM-V.</param>
    /// <param name="settings">What the cost reads.</param>
    /// <param name="batcher">Puts answers side by side, and reads their texts.</param>
    /// <returns>The scores of the whole responses.</returns>
    public static PairedScores Add(Episode[] rows, SequenceBatch batch, ScorePair scores, RolloutSettings settings, SampleBatcher batcher)
    {
        PairedScores whole = scores.EndScores(batch);
        HeadSpread.Put(rows, whole);
        (Episode Row, EncodedSample Answer)[] thinking = Thinking(rows, settings, batcher);
        Tell(rows, settings, [.. thinking.Chunk(settings.PromptsAtOnce).SelectMany(part =>
            part.Zip(HostRows.Of(scores.EndCosts(batcher.Collate([.. part.Select(one => one.Answer)]))), (one, cost) => (one.Row, cost)))]);
        return whole;
    }

    /// <summary>Responses that do not say all outside of thoughts, with what they say there; none where one cost is told.</summary>
    public static (Episode Row, EncodedSample Answer)[] Thinking(IEnumerable<Episode> rows, RolloutSettings settings, SampleBatcher batcher) =>
        !settings.TellsBothCosts ? [] : [.. rows.Select(row => (row, Answer: batcher.AnswerOf(row.Sample)))
            .Where(one => one.Answer.Response.Length < one.row.Sample.Response.Length)];

    /// <summary>Puts both costs into responses that have the cost of all, where both are told.</summary>
    /// <param name="rows">The responses.</param>
    /// <param name="settings">What the cost reads.</param>
    /// <param name="answers">The costs of the answers of <see cref="Thinking"/>.</param>
    public static void Tell(IReadOnlyList<Episode> rows, RolloutSettings settings, IEnumerable<(Episode Row, float Cost)> answers)
    {
        if (!settings.TellsBothCosts) return;
        foreach (Episode one in rows) (one.CostOfAll, one.CostOfAnswer) = (one.Cost, one.Cost);
        foreach ((Episode row, float cost) in answers) row.CostOfAnswer = cost;
        if (settings.CostReads == CostReads.Answer)
            foreach (Episode one in rows) one.Cost = one.CostOfAnswer;
    }
}
