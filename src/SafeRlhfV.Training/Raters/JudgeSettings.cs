using System.ComponentModel.DataAnnotations;

namespace SafeRlhfV.Training;

/// <summary>
/// A held-out judge beside the reward: model.judge, heads of RM-V that are kept from the reward, or a rater of the data. Where the reward rises while the judge
/// falls, the policy pleases RM-V and nobody else.
/// </summary>
public sealed record JudgeSettings
{
    /// <summary>Rounds from one judgement to the next; answers of the round are judged.</summary>
    [Range(1, 1e6)]
    public int Every { get; init; } = 1;

    /// <summary>Judgements that are compared: the later half with the earlier half. An even number.</summary>
    [Range(4, 1e6)]
    public int Window { get; init; } = 10;

    /// <summary>Half the width of the confidence interval that both changes must exceed, in standard errors; 2.58 = 99 %.</summary>
    [Range(0, 1e6)]
    public double Width { get; init; } = 2.58;

    /// <summary>Whether the alarm stops the run, with exit code 1.</summary>
    public bool Stop { get; init; }

    /// <summary>The last so many heads of RM-V judge, and the others give the reward; 0 = none.</summary>
    [Range(0, 1023)]
    public int Heads { get; init; }

    /// <summary>The name of a rater of the data, such as world; empty = none.</summary>
    public string Rater { get; init; } = "";

    /// <summary>The seed that the rater's data were made with.</summary>
    [Range(long.MinValue, long.MaxValue)]
    public long RaterSeed { get; init; }
}
