using System.ComponentModel.DataAnnotations;
using SafeRlhfV.Data;

namespace SafeRlhfV.Training;

/// <summary>One of the things that an answer is rewarded for. Keys that are left out have the defaults of the kind; those of other kinds are faults.</summary>
public sealed record RewardTerm
{
    /// <summary>The right answer's column, unless another is named.</summary>
    public const string AnswerColumn = "answer";

    private const double UsualTolerance = 1e-6;

    /// <summary>What is rewarded.</summary>
    public RewardKind? Kind { get; init; }

    /// <summary>Its weight in the sum.</summary>
    [Range(-1e12, 1e12)]
    public double Weight { get; init; } = 1;

    /// <summary>Of exact, choice and number: the column of the right answer; null = answer.</summary>
    public string? Column { get; init; }

    /// <summary>Of exact, choice and number: what a row without an answer is; null = an error.</summary>
    public MissingAnswer? Missing { get; init; }

    /// <summary>Of number: how far off a number may be, as a part of the right one, or by itself where that is below 1; null = 1e-6.</summary>
    [Range(0, 1e12)]
    public double? Tolerance { get; init; }

    /// <summary>Of format: thoughts in tags come first, then an answer; null or false = the answer is in tags or a box.</summary>
    public bool? Think { get; init; }

    /// <summary>Whether it compares with a right answer.</summary>
    internal bool NeedsAnswer => Kind is RewardKind.Exact or RewardKind.Choice or RewardKind.Number;

    /// <summary>The column of the right answer.</summary>
    internal string AnswerIn => Column ?? AnswerColumn;

    /// <summary>The kind as recipes write it.</summary>
    internal string Name => SettingsBinder.Key(Kind.ToString()!);

    /// <summary>What is wrong with it; null if nothing is.</summary>
    internal string? Fault =>
        Kind is null ? $"has no kind: one of {string.Join(", ", Enum.GetNames<RewardKind>().Select(SettingsBinder.Key))}"
        : Column is not null && !NeedsAnswer ? $"has a column, which {Name} does not read"
        : Missing is not null && !NeedsAnswer ? $"says what a missing answer is, which {Name} does not read"
        : Tolerance is not null && Kind != RewardKind.Number ? $"has a tolerance, which is that of number, not of {Name}"
        : Think is not null && Kind != RewardKind.Format ? $"has think, which is that of format, not of {Name}"
        : null;

    /// <summary>What a response is worth, 0 or 1; null where its answer cannot be read.</summary>
    /// <param name="response">The response.</param>
    /// <param name="expected">The right answer; null for format.</param>
    internal double? Check(ResponseText response, ExpectedAnswer? expected)
    {
        if (Kind == RewardKind.Format) return response.HasForm(Think == true) ? 1 : 0;
        if (response.Answer is not { } answer) return null;
        return Kind switch
        {
            RewardKind.Choice => OptionReading.Read(answer.Marked ?? answer.Said, expected!.Options) is { } letter ? One(letter == expected.Letter) : null,
            RewardKind.Number => NumberReading.Read(answer.Text) is { } number ? One(IsNear(number, expected!.Number!.Value)) : null,
            _ => ExactReading.Read(answer.Text) is { } words ? One(words == expected!.Words) : null,
        };

        static double One(bool isRight) => isRight ? 1 : 0;
    }

    private bool IsNear(double number, double right) => Math.Abs(number - right) <= (Tolerance ?? UsualTolerance) * Math.Max(1, Math.Abs(right));
}
