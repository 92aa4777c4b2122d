using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>The held-out judge of a run: what it says of the answers of every so many rounds, beside RM-V.</summary>
/// <param name="settings">Who judges and how often; null = nobody.</param>
/// <param name="model">The model that judges; null = heads or a rater do.</param>
/// <param name="batcher">Turns answers into texts.</param>
/// <param name="answers">Answers to each prompt; episodes are prompt after prompt.</param>
internal sealed class RolloutJudge(JudgeSettings? settings, ScorerRole? model, SampleBatcher batcher, int answers)
{
    /// <summary>Whether the answers of the present round are judged.</summary>
    public bool IsDue { get; private set; }

    /// <summary>Begins a round.</summary>
    /// <param name="round">Rounds done before it.</param>
    public void Begin(long round) => IsDue = settings is not null && (round + 1) % settings.Every == 0;

    /// <summary>Puts the judgement of a batch into its episodes, where a model or heads judge.</summary>
    public void Score(IReadOnlyList<Episode> rows, SequenceBatch batch, PairedScores? scores)
    {
        if (!IsDue) return;
        Tensor? judged_B = model is null ? scores?.Judge_B : model.Head.Join(model.EndScores(batch))[0].Mean_B;
        if (judged_B is null) return;
        float[] judged = HostRows.Of(judged_B);
        for (int row = 0; row < rows.Count; row++) rows[row].Judged = judged[row];
    }

    /// <summary>
    /// Adds the means of reward and judge over the answers, with their standard errors over prompts: answers to one prompt are not independent.
    /// </summary>
    public void Describe(IReadOnlyList<Episode> episodes, Dictionary<string, double> metrics)
    {
        if (!IsDue) return;
        if (settings!.Rater.Length > 0)
            foreach (Episode one in episodes) one.Judged = (float)one.Sample.Judge!(batcher.SaidIn(one.Sample));
        Add("judge", one => one.Judged);
        Add("judged_reward", one => one.Reward);

        void Add(string name, Func<Episode, double> of)
        {
            double[] prompts = [.. episodes.Chunk(answers).Select(group => group.Average(of))];
            double mean = prompts.Average(), squares = prompts.Sum(value => (value - mean) * (value - mean));
            metrics[name] = mean;
            metrics[$"{name}_error"] = Math.Sqrt(squares / (prompts.Length - 1) / prompts.Length);
        }
    }
}
