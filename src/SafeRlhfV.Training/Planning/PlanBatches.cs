namespace SafeRlhfV.Training;

/// <summary>A part of a batch, as it runs at a time.</summary>
/// <param name="Rows">Rows, or pairs.</param>
/// <param name="Prompt">Tokens of the widest prompt.</param>
/// <param name="Response">Tokens of the widest answer.</param>
/// <param name="Width">Columns of a row: its prompt, and its answers side by side.</param>
/// <param name="Answers">Answer tokens of all rows, without padding.</param>
internal sealed record PlanPart(long Rows, int Prompt, int Response, long Width, long Answers);

/// <summary>The parts that a trainer's batches would be cut into: drawn from the rows that were looked at, and cut by the trainer's own code.</summary>
internal static class PlanBatches
{
    // the heaviest of so many batches; larger batches than these are all alike
    private const int Draws = 32, LargestDrawn = 4096;

    /// <summary>Parts of some batches; one of the longest rows alone where no rows are known.</summary>
    /// <param name="sizes">What is known of the data.</param>
    /// <param name="training">The trainer's settings.</param>
    /// <param name="each">Answers that a row is learnt with.</param>
    /// <param name="ranks">Processes that share a batch.</param>
    public static IEnumerable<PlanPart> Of(PlanSizes sizes, TrainerSettings training, int each, int ranks = 1)
    {
        if (sizes.Rows.Count == 0 || training.BatchSize > LargestDrawn) return [Longest(sizes, training, each, ranks)];
        return Batches(sizes, training.BatchSize, each).SelectMany(batch => Shares.Cut(Steps.Micro(batch, training), ranks)).Select(part =>
        {
            int prompt = part.Max(row => row.Size.Prompt), response = part.Max(row => row.Size.Response);
            return new PlanPart(part.Length, prompt, response, prompt + (each * (long)response), part.Sum(row => (long)row.Size.Filled - row.Size.Prompt));
        });
    }

    private static PlanPart Longest(PlanSizes sizes, TrainerSettings training, int each, int ranks)
    {
        int share = (training.BatchSize + ranks - 1) / ranks;
        int rows = training.MicroBatchSize > 0 ? Math.Min(training.MicroBatchSize, share) : share, width = sizes.PromptTokens + (each * sizes.ResponseTokens);
        if (training.MicroBatchTokens > 0) rows = Math.Clamp(training.MicroBatchTokens / width, 1, rows);
        return new PlanPart(rows, sizes.PromptTokens, sizes.ResponseTokens, width, (long)rows * each * sizes.ResponseTokens);
    }

    private static IEnumerable<Drawn[]> Batches(PlanSizes sizes, int batchSize, int each)
    {
        RandomStream random = new(0, "plan");
        Queue<Drawn> waiting = [];
        for (int batch = 0; batch < Draws; batch++)
        {
            while (waiting.Count < batchSize)
                foreach (int row in random.Permutation(sizes.Rows.Count)) waiting.Enqueue(Draw(sizes.Rows[row], each, random));
            yield return [.. Enumerable.Range(0, batchSize).Select(_ => waiting.Dequeue())];
        }
        // rows that nobody looked at may be longer
        if (sizes.Images > sizes.Looked)
            yield return [new Drawn(new SampleSize(each, sizes.PromptTokens, sizes.ResponseTokens, sizes.PromptTokens + (each * sizes.ResponseTokens))),
                .. Enumerable.Range(0, batchSize - 1).Select(_ => Draw(sizes.Rows[random.NextInt(sizes.Rows.Count)], each, random))];
    }

    private static Drawn Draw(PlanRow row, int each, RandomStream random)
    {
        if (each == 1)
        {
            int one = row.Responses.Length == 0 ? 0 : row.Responses[random.NextInt(row.Responses.Length)];
            return new Drawn(new SampleSize(1, row.Prompt, one, row.Prompt + one));
        }
        return new Drawn(new SampleSize(each, row.Prompt, row.Responses.DefaultIfEmpty(0).Max(), row.Prompt + row.Responses.Sum()));
    }

    private sealed record Drawn(SampleSize Size) : ISized;
}
