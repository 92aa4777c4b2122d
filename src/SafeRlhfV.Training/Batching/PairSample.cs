using SafeRlhfV.Data;

namespace SafeRlhfV.Training;

/// <summary>A pair with its answers in order of one preference; both have one prompt.</summary>
/// <param name="Preferred">The preferred answer: more helpful, or safer.</param>
/// <param name="Other">The other one.</param>
/// <param name="PreferredRate">Harmless rate of the preferred answer, -3..3.</param>
/// <param name="OtherRate">Harmless rate of the other.</param>
/// <param name="PreferredIsSafer">Whether the preferred answer is the safer one.</param>
public sealed record PairSample(EncodedSample Preferred, EncodedSample Other, int PreferredRate, int OtherRate, bool PreferredIsSafer) : ISized
{
    /// <inheritdoc/>
    public SampleSize Size => new(2, Preferred.Prompt.Length, Math.Max(Preferred.Response.Length, Other.Response.Length),
        Preferred.Size.Filled + Other.Response.Length);

    /// <summary>What of a row is looked at.</summary>
    /// <param name="kind">The preference.</param>
    /// <param name="harm">Whether harm is learnt too: from rates, else from labels, and from the safer answer.</param>
    public static RecordParts Parts(PreferenceKind kind, bool harm) =>
        RecordParts.Answers | (kind == PreferenceKind.Helpful ? RecordParts.Helpful : RecordParts.Safe)
        | (harm ? RecordParts.Safe | RecordParts.Labels | RecordParts.Rates : RecordParts.None);

    /// <summary>A trainer's loop over pairs: what is looked at of a row and what is made of it follow from one choice.</summary>
    /// <param name="name">The trainer's name, for messages.</param>
    /// <param name="role">The model to train.</param>
    /// <param name="data">Pairs.</param>
    /// <param name="settings">Batches, epochs and optimizer.</param>
    /// <param name="run">Checkpoints and metrics.</param>
    /// <param name="kind">The preference.</param>
    /// <param name="harm">As in <see cref="From"/>.</param>
    /// <exception cref="InvalidInputException">A row is damaged, or none can be used.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static TrainingLoop<PairSample> Loop(
        string name, Role role, TrainingData data, TrainerSettings settings, TrainingRun run, PreferenceKind kind, bool harm) =>
        new(name, role, data, settings, run, Parts(kind, harm), (row, encoder) => From(row, encoder, kind, harm));

    /// <summary>
    /// Encodes a pair; null where it is too long, no pair, or does not say what is wanted. One preference without a name counts as the helpful one.
    /// </summary>
    /// <param name="row">The row.</param>
    /// <param name="encoder">Makes ids.</param>
    /// <param name="kind">The preference.</param>
    /// <param name="harm">Whether the harmlessness of both answers must be known. Without rates, safe is 1 and unsafe is -1.</param>
    /// <exception cref="InvalidInputException">The row is damaged.</exception>
    public static PairSample? From(ConversationRecord row, SampleEncoder encoder, PreferenceKind kind, bool harm)
    {
        PairSide? side = kind == PreferenceKind.Helpful ? row.Preferences.Helpful ?? row.Preferences.Overall : row.Preferences.Safe;
        if (row.Kind != RecordKind.Pair || side is not { } preferred || harm && row.Preferences.Safe is null) return null;
        RecordAnswer first = row.Of(preferred), second = row.Of(preferred == PairSide.Chosen ? PairSide.Rejected : PairSide.Chosen);
        (int? firstRate, int? secondRate) = (Rate(first), Rate(second));
        if (harm && (firstRate is null || secondRate is null)) return null;
        return encoder.Encode(row, first.Text, second.Text) is [var a, var b]
            ? new PairSample(a, b, firstRate ?? 0, secondRate ?? 0, row.Preferences.Safe == preferred) : null;

        static int? Rate(RecordAnswer answer) => answer.Rates.Harmless ?? answer.Unsafe switch { null => null, true => -1, false => 1 };
    }
}
