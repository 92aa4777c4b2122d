using SafeRlhfV.Data;

namespace SafeRlhfV.Training;

/// <summary>The right answer of a prompt, as a reward's kind reads it.</summary>
/// <param name="Words">Of exact: its words.</param>
/// <param name="Number">Of number: its value.</param>
/// <param name="Letter">Of choice: its option.</param>
/// <param name="Options">Of choice: the options' texts; empty ones where the row does not name them.</param>
public sealed record ExpectedAnswer(string? Words, double? Number, string? Letter, IReadOnlyList<string> Options)
{
    private static readonly string[] Unnamed = [.. Enumerable.Repeat("", 26)];

    /// <summary>The right answer for each reward; null where a reward compares with none.</summary>
    /// <exception cref="InvalidInputException">A row has no answer where one is needed, or one that the kind cannot read.</exception>
    internal static IReadOnlyList<ExpectedAnswer?> Of(ConversationRecord row, IReadOnlyList<RewardTerm> terms) => [.. terms.Select(term => Of(row, term))];

    private static ExpectedAnswer? Of(ConversationRecord row, RewardTerm term)
    {
        if (!term.NeedsAnswer) return null;
        string column = term.AnswerIn;
        string? text = column == RewardTerm.AnswerColumn ? row.Answer : row.Fields.GetValueOrDefault(column);
        if (string.IsNullOrWhiteSpace(text))
            return term.Missing == MissingAnswer.Skip ? null : throw new InvalidInputException($"{row.Source.File}: row {row.Source.Row} has no "
                + $"'{column}', which the reward '{term.Name}' needs; give an answer, or set missing: skip"
                + (column == RewardTerm.AnswerColumn ? "." : "; 'data import --columns' brings a column in as 'answer'."));
        IReadOnlyList<string> options = row.Options ?? Unnamed;
        ExpectedAnswer expected = term.Kind switch
        {
            RewardKind.Number => new(null, NumberReading.Read(text), null, []),
            RewardKind.Choice => new(null, null, OptionReading.Read(text, options), options),
            _ => new(ExactReading.Read(text), null, null, []),
        };
        return expected is { Words: null, Number: null, Letter: null }
            ? throw new InvalidInputException($"{row.Source.File}: row {row.Source.Row}: {Finding.Quote(text)} in '{column}' is nothing that the reward "
                + $"{term.Name} can read.")
            : expected;
    }
}
