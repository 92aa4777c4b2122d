namespace SafeRlhfV.Data;

/// <summary>
/// A row of any format as one conversation: messages of texts and images, what was answered, preferred and labelled, and where it comes from.
/// Importers make it, writers and trainers read it.
/// </summary>
public sealed record ConversationRecord
{
    /// <summary>What the record holds.</summary>
    public required RecordKind Kind { get; init; }

    /// <summary>The images that the messages' parts name by index. Bytes are as the source holds them.</summary>
    public IReadOnlyList<EncodedImage> Images { get; init; } = [];

    /// <summary>The conversation; of a pair, the shared prompt up to the last question.</summary>
    public required IReadOnlyList<ConversationMessage> Messages { get; init; }

    /// <summary>A pair's preferred answer: what follows the prompt. Empty unless a pair.</summary>
    public IReadOnlyList<ConversationMessage> Chosen { get; init; } = [];

    /// <summary>A pair's other answer. Empty unless a pair.</summary>
    public IReadOnlyList<ConversationMessage> Rejected { get; init; } = [];

    /// <summary>What a pair's answers were preferred for.</summary>
    public RecordPreferences Preferences { get; init; } = new();

    /// <summary>Labels of answers, image and question.</summary>
    public RecordLabels Labels { get; init; } = new();

    /// <summary>Rates of the chosen answer, or of the only one.</summary>
    public AnswerRates ChosenRates { get; init; } = new();

    /// <summary>Rates of the rejected answer.</summary>
    public AnswerRates RejectedRates { get; init; } = new();

    /// <summary>By how much the chosen answer is better, where the source says so.</summary>
    public double? Margin { get; init; }

    /// <summary>Who wrote the chosen answer, or the only one.</summary>
    public string? ChosenFrom { get; init; }

    /// <summary>Who wrote the rejected answer.</summary>
    public string? RejectedFrom { get; init; }

    /// <summary>Whether the source names the rejected answer first; a writer keeps the order.</summary>
    public bool RejectedFirst { get; init; }

    /// <summary>The right answer to a prompt or item.</summary>
    public string? Answer { get; init; }

    /// <summary>The choices of an item; null where it has none to choose from.</summary>
    public IReadOnlyList<string>? Options { get; init; }

    /// <summary>Which of several readings of one source row this is.</summary>
    public string? Variant { get; init; }

    /// <summary>Other texts of an item, by name.</summary>
    public IReadOnlyDictionary<string, string> Fields { get; init; } = new Dictionary<string, string>();

    /// <summary>Where the record lies in its source.</summary>
    public RowPosition Source { get; init; }

    /// <summary>The conversation up to the last question.</summary>
    public IReadOnlyList<ConversationMessage> Prompt => IsAnswered ? [.. Messages.SkipLast(1)] : Messages;

    /// <summary>The answers in the order in which the source holds them: both of a pair, else the last message if it is the model's.</summary>
    public IReadOnlyList<RecordAnswer> Answers
    {
        get
        {
            if (Kind != RecordKind.Pair) return IsAnswered ? [new RecordAnswer([Messages[^1]], Labels.Unsafe, ChosenRates, ChosenFrom)] : [];
            RecordAnswer chosen = Of(PairSide.Chosen), rejected = Of(PairSide.Rejected);
            return RejectedFirst ? [rejected, chosen] : [chosen, rejected];
        }
    }

    /// <summary>One of a pair's answers.</summary>
    public RecordAnswer Of(PairSide side) => side == PairSide.Chosen
        ? new RecordAnswer(Chosen, Labels.ChosenUnsafe, ChosenRates, ChosenFrom)
        : new RecordAnswer(Rejected, Labels.RejectedUnsafe, RejectedRates, RejectedFrom);

    /// <summary>The prompt as images and one question behind them, for readers that know no more.</summary>
    /// <param name="reader">Who reads it, for the error.</param>
    /// <exception cref="InvalidInputException">The prompt has several turns, a system message, or an image behind a text; or there is nothing in
    /// it.</exception>
    public (IReadOnlyList<EncodedImage> Images, string Question) AsQuestion(string reader)
    {
        IReadOnlyList<ConversationMessage> prompt = Prompt;
        string? fault = prompt is not [{ Role: ConversationRole.User } only] ? "is a conversation of several messages"
            : only.Parts.Where(part => part.Image is not null).Select(part => part.Image!.Value).SequenceEqual(Enumerable.Range(0, Images.Count))
                && only.Parts.Take(Images.Count).All(part => part.Image is not null) ? null
            : "has an image behind a text";
        if (fault is not null)
            throw new InvalidInputException($"{Source.File}: row {Source.Row} {fault}, which {reader} cannot use whole; leave such rows out.");
        if (Images.Count == 0 && string.IsNullOrWhiteSpace(prompt[0].Text))
            throw new InvalidInputException($"{Source.File}: row {Source.Row} has no question; 'data validate' lists such rows.");
        return (Images, prompt[0].Text);
    }

    private bool IsAnswered => Kind != RecordKind.Pair && Messages is [.., { Role: ConversationRole.Assistant }];
}
