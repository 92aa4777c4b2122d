using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SafeRlhfV.Data;

/// <summary>The column <c>source_fields</c>: a JSON object of what a record's source says and the other columns have no place for.</summary>
internal static class SourceFields
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>What the columns do not hold; null where they hold all.</summary>
    /// <param name="record">The record.</param>
    /// <param name="category">The category that its column holds.</param>
    /// <param name="answers">Answers that their columns cannot hold, by name.</param>
    public static string? Write(ConversationRecord record, string? category,
        params IEnumerable<(string Name, IReadOnlyList<ConversationMessage> Messages)> answers)
    {
        RecordLabels labels = record.Labels;
        JsonObject fields = [];
        Add("category", labels.Category == category ? null : labels.Category);
        Add("category_2", labels.Category2);
        Add("category_3", labels.Category3);
        Add("id", labels.Id);
        Add("desirable", labels.Desirable);
        Add("prompt_unsafe", labels.PromptUnsafe);
        Add("image_unsafe", labels.ImageUnsafe);
        Add("instruction_unsafe", labels.InstructionUnsafe);
        Add("margin", record.Margin);
        Add("answer", record.Answer);
        Add("options", record.Options is { } options ? new JsonArray([.. options.Select(option => (JsonNode)option)]) : null);
        Add("variant", record.Variant);
        Add("fields", record.Fields.Count == 0 ? null : new JsonObject(record.Fields.Select(field => KeyValuePair.Create(field.Key, (JsonNode?)field.Value))));
        Add("loss", record.Messages is [.., { Role: ConversationRole.Assistant } last] ? last.Loss : null);
        Add("item", record.Kind == RecordKind.Item ? true : null);
        foreach ((string name, IReadOnlyList<ConversationMessage> messages) in answers) Add(name, Node(messages));
        return fields.Count == 0 ? null : fields.ToJsonString(Json);

        void Add(string name, JsonNode? value)
        {
            if (value is not null) fields[name] = value;
        }
    }

    /// <summary>The record with what the column says.</summary>
    /// <exception cref="FormatException">The column does not hold what <see cref="Write"/> writes.</exception>
    public static ConversationRecord Read(string text, ConversationRecord record)
    {
        try
        {
            JsonObject fields = JsonNode.Parse(text)!.AsObject();
            bool? loss = (bool?)fields["loss"];
            IReadOnlyList<ConversationMessage> messages = loss is null
                ? record.Messages
                : [.. record.Messages.SkipLast(1), record.Messages[^1] with { Loss = loss }];
            RecordLabels labels = record.Labels with
            {
                Category = record.Labels.Category ?? (string?)fields["category"],
                Category2 = (string?)fields["category_2"],
                Category3 = (string?)fields["category_3"],
                Id = (string?)fields["id"],
                Desirable = (bool?)fields["desirable"],
                PromptUnsafe = record.Labels.PromptUnsafe ?? (bool?)fields["prompt_unsafe"],
                ImageUnsafe = (bool?)fields["image_unsafe"],
                InstructionUnsafe = (bool?)fields["instruction_unsafe"],
            };
            return record with
            {
                Kind = (bool?)fields["item"] == true ? RecordKind.Item : record.Kind == RecordKind.Conversation && labels.Desirable is not null
                    ? RecordKind.Rated : record.Kind,
                Messages = messages,
                Chosen = Messages(fields["chosen"]) ?? record.Chosen,
                Rejected = Messages(fields["rejected"]) ?? record.Rejected,
                Labels = labels,
                Margin = (double?)fields["margin"],
                Answer = (string?)fields["answer"] ?? record.Answer,
                Options = fields["options"]?.AsArray().Select(option => (string)option!).ToArray(),
                Variant = (string?)fields["variant"],
                Fields = fields["fields"]?.AsObject().ToDictionary(field => field.Key, field => (string)field.Value!) ?? [],
            };
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or NullReferenceException)
        {
            throw new FormatException(ParquetFile.FirstLine(error), error);
        }
    }

    private static JsonNode Node(IReadOnlyList<ConversationMessage> messages)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream)) MessagesJson.Write(json, messages);
        return JsonNode.Parse(Encoding.UTF8.GetString(stream.ToArray()))!;
    }

    private static IReadOnlyList<ConversationMessage>? Messages(JsonNode? node) => node is null ? null : MessagesJson.Read(node.Deserialize<JsonElement>());
}
