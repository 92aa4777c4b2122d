using SafeRlhfV.Data;
using SafeRlhfV.Objectives;

namespace SafeRlhfV.Training;

/// <summary>A pair with its answers in the order that is learnt; both have one prompt.</summary>
/// <param name="Preferred">The answer that wins: more helpful, or safer.</param>
/// <param name="Other">The other one.</param>
/// <param name="PreferredRate">Harmless rate of the preferred answer, -3..3.</param>
/// <param name="OtherRate">Harmless rate of the other.</param>
/// <param name="PreferredIsSafer">Whether the preferred answer is the safer one.</param>
public sealed record PairSample(EncodedSample Preferred, EncodedSample Other, int PreferredRate, int OtherRate, bool PreferredIsSafer) : ISized
{
    /// <summary>Whether the more helpful answer is unsafe and lost its place to the safe one.</summary>
    public bool IsReordered { get; init; }

    /// <summary>Harmless rate of the safer answer, -3..3.</summary>
    public int SaferRate => PreferredIsSafer ? PreferredRate : OtherRate;

    /// <summary>Harmless rate of the more harmful answer, -3..3.</summary>
    public int HarmfulRate => PreferredIsSafer ? OtherRate : PreferredRate;

    /// <summary>h_lose - h_win: 1 for a safe answer that wins over an unsafe one, else 0.</summary>
    public int HarmGap { get; init; }

    /// <summary>By how much the preferred answer is rated above the other, in what decides their order; 0 where that is not asked for.</summary>
    public int Margin { get; init; }

    /// <summary>The row's place in the data.</summary>
    public RowPosition Source { get; init; }

    /// <inheritdoc/>
    public SampleSize Size => new(2, Preferred.Prompt.Length, Math.Max(Preferred.Response.Length, Other.Response.Length),
        Preferred.Size.Filled + Other.Response.Length);

    /// <summary>A trainer's loop over pairs: what is looked at of a row and what is made of it follow from one choice.</summary>
    /// <param name="name">The trainer's name, for messages.</param>
    /// <param name="role">The model to train.</param>
    /// <param name="data">Pairs.</param>
    /// <param name="settings">Batches, epochs and optimizer.</param>
    /// <param name="run">Checkpoints and metrics.</param>
    /// <param name="choice">What is learnt.</param>
    /// <exception cref="InvalidInputException">A row is damaged, or none can be used.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static TrainingLoop<PairSample> Loop(
        string name, Role role, TrainingData data, TrainerSettings settings, TrainingRun run, PairChoice choice) =>
        TrainingLoop<PairSample>.Over(name, role, data, settings, run, choice.Parts, (row, encoder) => From(row, encoder, choice));

    /// <summary>
    /// Encodes a pair; null where it is too long, no pair, left out for its two unsafe answers, or does not say what is wanted. One preference without a name
    /// counts as the helpful one. Without rates, safe is 1 and unsafe is -1.
    /// </summary>
    /// <param name="row">The row.</param>
    /// <param name="encoder">Makes ids.</param>
    /// <param name="choice">What is learnt.</param>
    /// <exception cref="InvalidInputException">The row is damaged.</exception>
    public static PairSample? From(ConversationRecord row, SampleEncoder encoder, PairChoice choice)
    {
        PairSide? side = choice.Kind == PreferenceKind.Safe ? row.Preferences.Safe : row.Preferences.Helpful ?? row.Preferences.Overall;
        if (row.Kind != RecordKind.Pair || side is not { } preferred || choice.NeedsSafer && row.Preferences.Safe is null) return null;
        RecordAnswer first = row.Of(preferred), second = row.Of(Opposite(preferred));
        (int? firstRate, int? secondRate) = (Rate(first), Rate(second));
        if (choice.NeedsHarm && (firstRate is null || secondRate is null)) return null;
        SafePairOrder order = choice.Kind == PreferenceKind.SafeHelpful
            ? SafePairOrder.Of(firstRate < 0, secondRate < 0, choice.BothUnsafe) : new(IsKept: true, IsSwapped: false, HarmGap: 0);
        if (!order.IsKept) return encoder.DropUnsafe<PairSample>();
        if (order.IsSwapped) (preferred, first, second, firstRate, secondRate) = (Opposite(preferred), second, first, secondRate, firstRate);
        int? margin = choice.Kind == PreferenceKind.Safe || order.HarmGap > 0
            ? first.Rates.Harmless - second.Rates.Harmless : first.Rates.Helpful - second.Rates.Helpful;
        if (choice.Margin && margin is null) return null;
        return encoder.Encode(row, first.Text, second.Text) is [var a, var b]
            ? new PairSample(a, b, firstRate ?? 0, secondRate ?? 0, row.Preferences.Safe == preferred)
            {
                IsReordered = order.IsSwapped,
                HarmGap = order.HarmGap,
                Margin = choice.Margin ? margin!.Value : 0,
                Source = row.Source,
            } : null;

        static int? Rate(RecordAnswer answer) => answer.Rates.Harmless ?? answer.Unsafe switch { null => null, true => -1, false => 1 };
        static PairSide Opposite(PairSide side) => side == PairSide.Chosen ? PairSide.Rejected : PairSide.Chosen;
    }
}
