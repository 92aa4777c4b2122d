using System.Text.Json.Serialization;

namespace SafeRlhfV.Evaluation;

/// <summary>A judged evaluation: win rates of the candidate over the baseline, and how far the judge can be trusted.</summary>
public sealed record PreferenceReport
{
    /// <summary>Prompts judged.</summary>
    public required int Prompts { get; init; }

    /// <summary>Answers of the candidate that were judged: one a prompt, or several.</summary>
    public required int Answers { get; init; }

    /// <summary>Helpfulness, overall.</summary>
    public required WinRate Helpful { get; init; }

    /// <summary>Safety, overall.</summary>
    public required WinRate Safe { get; init; }

    /// <summary>The same by category.</summary>
    public required IReadOnlyList<CategoryPreference> Categories { get; init; }

    /// <summary>Mean ratings of the candidate over all readable verdicts.</summary>
    public required MeanRatings CandidateRatings { get; init; }

    /// <summary>Mean ratings of the baseline.</summary>
    public required MeanRatings BaselineRatings { get; init; }

    /// <summary>How the judge behaved.</summary>
    public required JudgeControls Controls { get; init; }

    /// <summary>What was said of each prompt, in order; it has a file of its own.</summary>
    [JsonIgnore]
    public IReadOnlyList<JudgedItem> Items { get; init; } = [];
}
