using SafeRlhfV.Data;
using SafeRlhfV.Objectives;

namespace SafeRlhfV.Training;

/// <summary>What a trainer learns from pairs.</summary>
/// <param name="Kind">What the answers are ordered by.</param>
/// <param name="Harm">Whether harm is learnt too: from rates, else from labels, and from the safer answer.</param>
public sealed record PairChoice(PreferenceKind Kind, bool Harm = false)
{
    /// <summary>What <see cref="PreferenceKind.SafeHelpful"/> does with two unsafe answers.</summary>
    public BothUnsafe BothUnsafe { get; init; }

    /// <summary>Whether the rates that say how clear the preference is must be known.</summary>
    public bool Margin { get; init; }

    /// <summary>Whether it must be known which answer is safer.</summary>
    public bool NeedsSafer => Harm || Kind == PreferenceKind.Safe;

    /// <summary>Whether it must be known whether each answer is safe.</summary>
    public bool NeedsHarm => Harm || Kind == PreferenceKind.SafeHelpful;

    /// <summary>What of a row is looked at.</summary>
    public RecordParts Parts =>
        RecordParts.Answers | (Kind == PreferenceKind.Safe ? RecordParts.None : RecordParts.Helpful) | (NeedsSafer ? RecordParts.Safe : RecordParts.None)
        | (NeedsHarm ? RecordParts.Labels | RecordParts.Rates : RecordParts.None) | (Margin ? RecordParts.Rates : RecordParts.None);
}
