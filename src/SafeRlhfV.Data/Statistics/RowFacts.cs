using System.Text;

namespace SafeRlhfV.Data;

/// <summary>The few numbers of a row that statistics are made of.</summary>
internal sealed record RowFacts
{
    public required RowPrint Print { get; init; }
    public required ImageHeader? Header { get; init; }
    public required int ImageBytes { get; init; }
    public required bool HasImage { get; init; }
    public required bool PathIsNull { get; init; }
    public required TextSize Question { get; init; }
    public required AnswerFacts[] Answers { get; init; }
    public int MoreHelpful { get; init; }
    public int Safer { get; init; }
    public bool SameAnswers { get; init; }

    public readonly record struct TextSize(int CodePoints, int Utf16, int Utf8)
    {
        public static TextSize Of(string text) => new(text.EnumerateRunes().Count(), text.Length, Encoding.UTF8.GetByteCount(text));
    }

    public readonly record struct AnswerFacts(TextSize Text, string? From, bool IsSafe, int Harmless, int Helpful);

    /// <summary>The facts of a row that keeps the rules.</summary>
    public static RowFacts Of(DatasetRow row)
    {
        RowFacts facts = new()
        {
            Print = RowPrint.Of(row),
            Header = row.Image?.Bytes is { } bytes ? ImageHeader.Read(bytes) : null,
            ImageBytes = row.Image?.Bytes?.Length ?? 0,
            HasImage = row.Image is not null,
            PathIsNull = row.Image is { Path: null },
            Question = TextSize.Of(row.Text("question") ?? ""),
            Answers = [],
        };
        if (row.Schema.Layout == RowLayout.Flat)
        {
            ModeratedResponse flat = row.ToModeratedResponse();
            return facts with { Answers = [new AnswerFacts(TextSize.Of(flat.Response), null, flat.IsResponseSafe, 0, 0)] };
        }
        PreferencePair pair = row.ToPair();
        return facts with
        {
            Answers = [.. ((RatedResponse[])[pair.Response1, pair.Response2]).Select(answer => new AnswerFacts(TextSize.Of(answer.Text), answer.From, answer.IsSafe, answer.HarmlessRate, answer.HelpfulRate))],
            MoreHelpful = pair.MoreHelpful,
            Safer = pair.Safer,
            SameAnswers = pair.Response1.Text == pair.Response2.Text,
        };
    }
}
