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
    public SampleSize Size => new(2, Preferred.Prompt.Length, Math.Max(Preferred.Response.Length, Other.Response.Length), Preferred.Size.Filled + Other.Response.Length);

    /// <summary>Encodes a row of the paired layout; null where it is too long.</summary>
    /// <exception cref="InvalidInputException">The row is no sound pair.</exception>
    public static PairSample? From(DatasetRow row, SampleEncoder encoder, PreferenceKind kind)
    {
        PreferencePair pair = row.ToPair();
        bool first = (kind == PreferenceKind.Helpful ? pair.MoreHelpful : pair.Safer) == 1;
        (RatedResponse preferred, RatedResponse other) = first ? (pair.Response1, pair.Response2) : (pair.Response2, pair.Response1);
        return encoder.Encode(row, preferred.Text, other.Text) is [var a, var b] ? new PairSample(a, b, preferred.HarmlessRate, other.HarmlessRate, first == (pair.Safer == 1)) : null;
    }
}
