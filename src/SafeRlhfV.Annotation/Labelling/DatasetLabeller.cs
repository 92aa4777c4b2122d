using SafeRlhfV.Data;
using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Annotation;

/// <summary>
/// Labels the pairs of a data set by a judging model: both preferences, helpful and harmless rates, safe or unsafe. The work falls into shards that one
/// process does one after the other, or that many workers share through a queue. Calls go through journals: what was paid for is not asked again.
/// </summary>
public static class DatasetLabeller
{
    private const int SampledRows = 200;

    /// <summary>What a job would ask for.</summary>
    /// <param name="settings">Who judges.</param>
    /// <param name="data">The data set of pairs.</param>
    /// <param name="shardPairs">Pairs of a shard.</param>
    /// <param name="limit">The most pairs to label; null for all.</param>
    /// <param name="tokensPerSecond">What one GPU does in a second, tokens asked and answered together.</param>
    /// <exception cref="InvalidInputException">The data cannot be read, or hold no pairs.</exception>
    public static LabellingPlan Plan(JudgingSettings settings, string data, int shardPairs, long? limit, double tokensPerSecond)
    {
        PreferenceDataset dataset = PreferenceDataset.Open(data);
        LabellingWork work = new(settings, dataset, shardPairs, limit);
        PairwiseQuestion[] sample = [.. dataset.Sample(SampledRows).Select(row => LabellingWork.Read(row).Question).OfType<PairwiseQuestion>()];
        if (sample.Length == 0)
            throw new InvalidInputException($"{data}: none of the first rows holds a pair that can be judged: "
                + "one question, at most one image, two different responses.");
        long calls = work.Items * settings.CallsPerPair;
        long input = (long)(calls * sample.Average(JudgeTokens.Of)), output = calls * JudgeTokens.Reply;
        return new(work.Items, work.Shards, calls, input, output, JudgeTokens.GpuDays(input + output, tokensPerSecond), tokensPerSecond,
            settings.Model.Cost(input, output));
    }

    /// <summary>Labels the data set, or works on it as one of several workers until the job is done.</summary>
    /// <param name="settings">Who judges.</param>
    /// <param name="data">The data set of pairs; its labels are not looked at.</param>
    /// <param name="working">The folder of journals and finished shards; all workers of a job share it.</param>
    /// <param name="target">The data set to write.</param>
    /// <param name="options">The queue and this worker's place in it; null to work alone.</param>
    /// <param name="overwrite">Replace the target if it exists.</param>
    /// <param name="limit">The most pairs to label; null for all.</param>
    /// <param name="onProgress">Told how far the job is.</param>
    /// <param name="clock">The time; null for the system's.</param>
    /// <param name="cancellationToken">Stops asking; calls under way are finished and kept.</param>
    /// <exception cref="InvalidInputException">A folder cannot be used, or the job is another one.</exception>
    /// <exception cref="ServiceException">A service or the queue cannot be reached or refuses all calls.</exception>
    public static Task<LabellingReport> RunAsync(JudgingSettings settings, string data, string working, string target, WorkerOptions? options = null,
        bool overwrite = false, long? limit = null, Action<MakingProgress>? onProgress = null, TimeProvider? clock = null,
        CancellationToken cancellationToken = default)
    {
        options ??= new WorkerOptions();
        return ShardedJob.RunAsync(() => new LabellingWork(settings, PreferenceDataset.Open(data), options.ShardPairs, limit), data, working, target, options,
            overwrite, onProgress, clock, cancellationToken);
    }
}
