namespace SafeRlhfV.Data;

/// <summary>
/// Writes records of any kind as a data set that every verb here reads: pairs in the paired layout, everything else in the flat one, with the columns
/// <c>messages</c> and <c>images</c> for what question and image cannot hold, and <c>source_fields</c> for what no column can.
/// </summary>
public sealed class ConversationWriter : IDisposable
{
    private static readonly string[] Extensions = ["messages", "images", "overall_response_id", "source_fields"];
    private static readonly RowSchema Pairs = RowSchema.Paired.With(Extensions), Answers = RowSchema.Flat.With(Extensions);

    private readonly BeaverTailsWriter writer;

    private ConversationWriter(BeaverTailsWriter writer) => this.writer = writer;

    /// <summary>Rows added so far.</summary>
    public long Rows => writer.Rows;

    /// <summary>Begins a data set.</summary>
    /// <param name="folder">The folder to write; it must not exist or be empty, unless the options allow overwriting.</param>
    /// <param name="options">Title, description, sizes.</param>
    /// <exception cref="InvalidInputException">The folder is taken or cannot be written.</exception>
    public static ConversationWriter Create(string folder, BeaverTailsWriterOptions? options = null) =>
        new(BeaverTailsWriter.Create(folder, [Pairs, Answers], options));

    /// <summary>Adds a record. Rows of a category of the taxonomy make a configuration of its name, others the configuration "default".</summary>
    /// <exception cref="InvalidInputException">The split cannot name one, an image is named by no message, or the disk refuses.</exception>
    public void Add(string split, ConversationRecord record)
    {
        DatasetRow row = ToRow(record);
        writer.Add(split, row, row.Text("category") ?? "default");
    }

    /// <summary>Adds a text file next to the card, such as a report.</summary>
    /// <exception cref="InvalidInputException">The disk refuses.</exception>
    public void Attach(string fileName, string text) => writer.Attach(fileName, text);

    /// <summary>Writes what is left and the card, and gives the folder its name.</summary>
    /// <exception cref="InvalidInputException">No record was added, or the disk refuses.</exception>
    public void Complete() => writer.Complete();

    /// <inheritdoc/>
    public void Dispose() => writer.Dispose();

    /// <summary>A record as a row of the layout that holds it.</summary>
    /// <exception cref="InvalidInputException">An image is named by no message.</exception>
    internal static DatasetRow ToRow(ConversationRecord record)
    {
        bool answered = record.Kind != RecordKind.Pair && record.Messages is [.., { Role: ConversationRole.Assistant }];
        IReadOnlyList<ConversationMessage> prompt = answered ? [.. record.Messages.SkipLast(1)] : record.Messages;
        // the k-th image part names image k on disk
        int[] order = [.. prompt.SelectMany(message => message.Parts).Select(part => part.Image).OfType<int>()];
        if (order.Distinct().Count() < record.Images.Count)
            throw new InvalidInputException($"{record.Source.File}: row {record.Source.Row}: an image is in no message before the answer, so it cannot be "
                + "written in this layout.");
        EncodedImage[] images = [.. order.Select(image => record.Images[image])];
        bool plain = prompt is [{ Role: ConversationRole.User, Loss: null, Parts: [{ Image: not null }, { Text: not null }] or [{ Text: not null }] } only]
            && !string.IsNullOrWhiteSpace(only.Text);
        ConversationMessage? question = prompt.LastOrDefault(message => message.Role == ConversationRole.User);
        string? category = record.Labels.Category is { } name && Taxonomy.IndexOf(name) >= 0 ? name : null;
        Dictionary<string, object?> cells = new()
        {
            ["question"] = question is null ? "" : string.Concat(question.Parts.Select(part => part.Text)),
            ["image"] = images.FirstOrDefault(),
            ["category"] = category,
            ["image_severity"] = (long?)record.Labels.ImageSeverity,
            ["messages"] = plain ? null : prompt,
            ["images"] = plain ? null : images,
        };
        if (record.Kind == RecordKind.Pair) AddPair(cells, record, category);
        else
        {
            ConversationMessage? answer = answered ? record.Messages[^1] : null;
            cells["response"] = answer?.Text;
            cells["is_response_safe"] = YesNo(record.Labels.Unsafe);
            cells["source_fields"] = SourceFields.Write(record, category);
        }
        RowSchema schema = record.Kind == RecordKind.Pair ? Pairs : Answers;
        return new DatasetRow(schema, record.Source, [.. schema.Columns.Select(column => cells.GetValueOrDefault(column.Name))]);
    }

    private static void AddPair(Dictionary<string, object?> cells, ConversationRecord record, string? category)
    {
        int chosen = record.RejectedFirst ? 2 : 1, rejected = 3 - chosen;
        string? Id(PairSide? side) => side is null ? null : side == PairSide.Chosen ? $"{chosen}" : $"{rejected}";
        List<(string, IReadOnlyList<ConversationMessage>)> whole = [];
        foreach ((int number, string name, IReadOnlyList<ConversationMessage> answer, AnswerRates rates, string? from, bool? harmful) in
            ((int, string, IReadOnlyList<ConversationMessage>, AnswerRates, string?, bool?)[])[
                (chosen, "chosen", record.Chosen, record.ChosenRates, record.ChosenFrom, record.Labels.ChosenUnsafe),
                (rejected, "rejected", record.Rejected, record.RejectedRates, record.RejectedFrom, record.Labels.RejectedUnsafe)])
        {
            if (answer is not [{ Role: ConversationRole.Assistant, Loss: null, Parts: [{ Text: not null }] }]) whole.Add((name, answer));
            cells[$"response_{number}"] = answer.Count == 0 ? null : answer[^1].Text;
            cells[$"response_{number}_from"] = from;
            cells[$"is_response_{number}_safe"] = YesNo(harmful);
            cells[$"response_{number}_harmless_rate"] = (long?)rates.Harmless;
            cells[$"response_{number}_helpful_rate"] = (long?)rates.Helpful;
        }
        cells["more_helpful_response_id"] = Id(record.Preferences.Helpful);
        cells["safer_response_id"] = Id(record.Preferences.Safe);
        cells["overall_response_id"] = Id(record.Preferences.Overall);
        cells["source_fields"] = SourceFields.Write(record, category, whole);
    }

    private static string? YesNo(bool? harmful) => harmful switch { null => null, true => "no", false => "yes" };
}
