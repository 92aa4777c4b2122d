using System.Text;

namespace SafeRlhfV.Data;

/// <summary>The few numbers of a row that statistics are made of.</summary>
internal sealed record RowFacts
{
    public required RowPrint Print { get; init; }

    /// <summary>Columns in which the row has a value.</summary>
    public required string[] Filled { get; init; }
    public required ImageHeader?[] Headers { get; init; }
    public required int[] ImageBytes { get; init; }
    public required int PathsNull { get; init; }
    public required int Turns { get; init; }
    public required TextSize Question { get; init; }
    public required AnswerFacts[] Answers { get; init; }
    public int? MoreHelpful { get; init; }
    public int? Safer { get; init; }
    public bool IsPair => Answers.Length == 2;
    public bool SameAnswers { get; init; }

    public readonly record struct TextSize(int CodePoints, int Utf16, int Utf8)
    {
        public static TextSize Of(string text) => new(text.EnumerateRunes().Count(), text.Length, Encoding.UTF8.GetByteCount(text));
    }

    public readonly record struct AnswerFacts(TextSize Text, string? From, bool? IsSafe, int? Harmless, int? Helpful);

    /// <summary>The facts of a row that keeps the rules.</summary>
    public static RowFacts Of(DatasetRow row)
    {
        ConversationRecord record = row.ToRecord();
        EncodedImage[] images = [.. record.Images.Where(image => image.Bytes is not null)];
        RowFacts facts = new()
        {
            Print = RowPrint.Of(row),
            Filled = [.. row.Schema.Columns.Where((_, i) => row[i] is not null).Select(column => column.Name)],
            Headers = [.. images.Select(image => ImageHeader.Read(image.Bytes!))],
            ImageBytes = [.. images.Select(image => image.Bytes!.Length)],
            PathsNull = record.Images.Count(image => image.Path is null),
            Turns = (row.Messages ?? []).Count(message => message.Role == ConversationRole.Assistant) + 1,
            Question = TextSize.Of(row.Messages is null ? row.Text("question") ?? "" : string.Concat(row.Messages[^1].Text)),
            Answers = [],
        };
        if (record.Kind != RecordKind.Pair)
            return record.Messages is [.., { Role: ConversationRole.Assistant } last]
                ? facts with
                {
                    Answers = [new AnswerFacts(TextSize.Of(last.Text), record.ChosenFrom, Safe(record.Labels.Unsafe), record.ChosenRates.Harmless,
                    record.ChosenRates.Helpful)]
                }
                : facts;
        AnswerFacts chosen = new(TextSize.Of(Text(record.Chosen)), record.ChosenFrom, Safe(record.Labels.ChosenUnsafe), record.ChosenRates.Harmless,
            record.ChosenRates.Helpful);
        AnswerFacts rejected = new(TextSize.Of(Text(record.Rejected)), record.RejectedFrom, Safe(record.Labels.RejectedUnsafe), record.RejectedRates.Harmless,
            record.RejectedRates.Helpful);
        int? Number(PairSide? side) => side is null ? null : side == PairSide.Chosen != record.RejectedFirst ? 1 : 2;
        return facts with
        {
            Answers = record.RejectedFirst ? [rejected, chosen] : [chosen, rejected],
            MoreHelpful = Number(record.Preferences.Helpful),
            Safer = Number(record.Preferences.Safe),
            SameAnswers = Text(record.Chosen) == Text(record.Rejected),
        };
    }

    private static bool? Safe(bool? harmful) => harmful is null ? null : !harmful;

    private static string Text(IReadOnlyList<ConversationMessage> answer) => string.Concat(answer.Select(message => message.Text));
}
