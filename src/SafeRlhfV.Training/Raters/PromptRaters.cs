using SafeRlhfV.Data;

namespace SafeRlhfV.Training;

/// <summary>What a recipe's refusals and judge must know of each prompt, found when it is encoded.</summary>
internal sealed class PromptRaters
{
    private readonly string? benign;
    private readonly DataRater? labels, judge;
    private readonly long seed;

    /// <summary>Takes a recipe's settings, which were checked.</summary>
    public PromptRaters(RolloutSettings settings)
    {
        RaterChecks.Demand(settings);
        (benign, seed) = (settings.Refusal?.Benign, settings.Judge?.RaterSeed ?? 0);
        (labels, judge) = (benign is null ? null : DataRater.Find(benign), settings.Judge is { Rater.Length: > 0 } own ? DataRater.Find(own.Rater) : null);
    }

    /// <summary>What of a row is looked at.</summary>
    public RecordParts Parts => (labels?.Parts ?? RecordParts.None) | (judge?.Parts ?? RecordParts.None) | benign switch
    {
        RefusalSettings.ByLabel => RecordParts.Prompt,
        RefusalSettings.ByImage => RecordParts.Severity,
        _ => RecordParts.None,
    };

    /// <summary>A sample with what is known of its prompt.</summary>
    /// <exception cref="InvalidInputException">The row does not say whether its prompt is benign, or is none of the rater's data.</exception>
    public EncodedSample? Look(ConversationRecord row, EncodedSample? sample)
    {
        if (sample is null || benign is null && judge is null) return sample;
        return sample with
        {
            IsBenign = benign is null ? null : IsBenign(row),
            Judge = judge is null ? null : judge.Judge(row, seed) ?? throw Foreign(row, judge, "training.judge.rater", " and training.judge.rater_seed"),
        };
    }

    private bool IsBenign(ConversationRecord row) => benign switch
    {
        RefusalSettings.ByLabel => !row.Labels.PromptUnsafe ?? throw Missing(row, "is_prompt_safe"),
        RefusalSettings.ByImage => row.Labels.ImageSeverity is { } severity ? severity == 0 : throw Missing(row, "image_severity"),
        _ => labels!.IsBenign(row) ?? throw Foreign(row, labels, "training.refusal.benign", ""),
    };

    private InvalidInputException Missing(ConversationRecord row, string column) => new($"{row.Source.File}: row {row.Source.Row} has no {column}, and "
        + $"training.refusal.benign: {benign} takes from it whether the prompt is benign; add it, or leave training.refusal out.");

    private static InvalidInputException Foreign(ConversationRecord row, DataRater rater, string key, string also) => new(
        $"{row.Source.File}: row {row.Source.Row} is none of the data that '{rater.Name}' knows; change {key}{also}, or leave it out.");
}
