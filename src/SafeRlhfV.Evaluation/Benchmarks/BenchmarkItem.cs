using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>A question of a benchmark.</summary>
public sealed record BenchmarkItem
{
    /// <summary>Its name, which no other item of the benchmark has.</summary>
    public required string Id { get; init; }

    /// <summary>The question and its images as released, with labels, options and right answer.</summary>
    public required ConversationRecord Record { get; init; }

    /// <summary>What figures group by and compare with: split, category, truth and so on.</summary>
    public IReadOnlyDictionary<string, string> Facts { get; init; } = new Dictionary<string, string>();

    /// <summary>Whether a good answer declines (true), helps (false), or either (null).</summary>
    public bool? IsHarmful { get; init; }

    /// <summary>What the model is asked in place of the released messages: with the options, or with the benchmark's fixed request. Null where they stand for
    /// themselves.</summary>
    public IReadOnlyList<MessagePart>? Asked { get; init; }

    /// <summary>What the model is asked: one message of texts and images.</summary>
    public IReadOnlyList<MessagePart> Question => Asked ?? Record.Prompt[^1].Parts;

    /// <summary>The question's texts, for judges and guards.</summary>
    public string QuestionText => string.Concat(Question.Select(part => part.Text)).Trim();

    /// <summary>The images in the order in which the question shows them.</summary>
    public IReadOnlyList<EncodedImage> ShownImages => [.. Question.Where(part => part.Image is not null).Select(part => Record.Images[part.Image!.Value])];

    /// <summary>The same question with a text behind it.</summary>
    public BenchmarkItem Asking(string text) => this with { Asked = [.. Question, MessagePart.OfText(text)] };

    /// <summary>The same item with more facts; those without a value are left out.</summary>
    public BenchmarkItem With(params (string Fact, string? Value)[] facts) => this with
    {
        Facts = Facts.Concat(facts.Where(fact => fact.Value is not null).Select(fact => KeyValuePair.Create(fact.Fact, fact.Value!)))
            .GroupBy(fact => fact.Key).ToDictionary(group => group.Key, group => group.Last().Value),
    };

    /// <summary>The same item with options to choose from: they stand behind the question by their letters, as the model sees them.</summary>
    /// <param name="options">The options, A first.</param>
    /// <param name="answer">The right letter.</param>
    public BenchmarkItem Choosing(IReadOnlyList<string> options, string? answer)
    {
        string list = string.Concat(options.Select((option, i) => $"\n{(char)('A' + i)}. {option}"));
        string? key = string.IsNullOrWhiteSpace(answer) ? null : options.Count == 0 ? answer : KeyOf(options, answer.Trim());
        BenchmarkItem item = this with { Record = Record with { Options = options, Answer = key } };
        return (options.Count == 0 ? item : item.Asking($"{list}\nAnswer with the letter of the right option.")).With(("truth", key));
    }

    // a letter in either case, or an option's own words
    private string KeyOf(IReadOnlyList<string> options, string answer)
    {
        int at = answer.Length == 1 && char.IsAsciiLetter(answer[0]) ? char.ToUpperInvariant(answer[0]) - 'A' : options.Count;
        if (at >= options.Count) at = options.Select(option => option.Trim()).ToList().IndexOf(answer);
        return at >= 0 ? $"{(char)('A' + at)}" : throw new InvalidInputException($"{Record.Source.File}: row {Record.Source.Row} has the answer "
            + $"{Finding.Quote(answer)}, which is none of its {options.Count} options; give the letter or the words of one.");
    }
}
