using SafeRlhfV.Data;

namespace SafeRlhfV.Training;

/// <summary>Refusals among a round's answers.</summary>
/// <param name="settings">Which phrases refuse; null = nobody asks.</param>
/// <param name="batcher">Turns answers into texts.</param>
internal sealed class AnswerRefusals(RefusalSettings? settings, SampleBatcher batcher)
{
    private readonly RefusalPhrases? phrases = settings is null ? null : RefusalPhrases.Open(settings.Phrases);

    /// <summary>Notes which answers refuse; one without a letter does.</summary>
    public void Mark(IEnumerable<Episode> episodes)
    {
        if (phrases is null) return;
        foreach (Episode one in episodes) one.Refuses = phrases.Find(batcher.SaidIn(one.Sample)) is not null;
    }

    /// <summary>What a refused benign prompt adds to the reward: 0 or less.</summary>
    public double Reward(Episode one) => settings is not null && one is { Refuses: true, Sample.IsBenign: true } ? -settings.Penalty : 0;

    /// <summary>Adds the shares of harmful and of benign prompts that are refused, where the round has such prompts.</summary>
    public void Describe(IReadOnlyCollection<Episode> episodes, Dictionary<string, double> metrics)
    {
        if (phrases is null) return;
        Add("refusal_rate", isBenign: false);
        Add("over_refusal_rate", isBenign: true);

        void Add(string name, bool isBenign)
        {
            Episode[] of = [.. episodes.Where(one => one.Sample.IsBenign == isBenign)];
            if (of.Length > 0) metrics[name] = of.Average(one => one.Refuses ? 1.0 : 0.0);
        }
    }
}
