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
    public static void Add(Episode[] rows, SequenceBatch batch, ScorePair scores, RolloutSettings settings, SampleBatcher batcher)
    {
        HeadSpread.Put(rows, scores.EndScores(batch));
        if (!settings.TellsBothCosts) return;
        foreach (Episode one in rows) (one.CostOfAll, one.CostOfAnswer) = (one.Cost, one.Cost);
        (Episode Row, EncodedSample Answer)[] thinking = [.. rows.Select(row => (row, Answer: batcher.AnswerOf(row.Sample)))
            .Where(one => one.Answer.Response.Length < one.row.Sample.Response.Length)];
        foreach ((Episode Row, EncodedSample Answer)[] part in thinking.Chunk(settings.PromptsAtOnce))
        {
            float[] said = HostRows.Of(scores.EndCosts(batcher.Collate([.. part.Select(one => one.Answer)])));
            foreach (((Episode row, _), float cost) in part.Zip(said)) row.CostOfAnswer = cost;
        }
        if (settings.CostReads == CostReads.Answer)
            foreach (Episode one in rows) one.Cost = one.CostOfAnswer;
    }
}
