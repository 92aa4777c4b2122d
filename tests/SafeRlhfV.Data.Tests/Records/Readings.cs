using System.Security.Cryptography;
using System.Text.Json.Nodes;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Data.Tests;

/// <summary>The readings of golden/formats, and records in their form.</summary>
internal static class Readings
{
    public static string Root => Golden.At("formats");

    public static IEnumerable<TheoryDataRow<string>> Formats => Directory.EnumerateFiles(Root, "expected.jsonl", SearchOption.AllDirectories).Order()
        .Select(file => new TheoryDataRow<string>(Path.GetFileName(Path.GetDirectoryName(file)!)));

    /// <summary>The readings of a format, all cases.</summary>
    public static IEnumerable<JsonObject> Of(string format) =>
        File.ReadLines(Path.Combine(Root, format, "expected.jsonl")).Where(line => line.Length > 0).Select(line => JsonNode.Parse(line)!.AsObject());

    /// <summary>A record as a reading: everything but the case and the file. Images are described from their bytes.</summary>
    public static JsonObject Write(ConversationRecord record)
    {
        JsonObject reading = new()
        {
            ["row"] = record.Source.Row,
            ["split"] = record.Source.Split,
            ["kind"] = Name(record.Kind),
            ["images"] = new JsonArray([.. record.Images.Select(Image)]),
            ["messages"] = Messages(record.Messages),
        };
        if (record.Kind == RecordKind.Pair) (reading["chosen"], reading["rejected"]) = (Messages(record.Chosen), Messages(record.Rejected));
        Add(reading, "preferences", Object(("helpful", Name(record.Preferences.Helpful)), ("safe", Name(record.Preferences.Safe)),
            ("overall", Name(record.Preferences.Overall))));
        RecordLabels labels = record.Labels;
        Add(reading, "labels", Object(("unsafe", labels.Unsafe), ("category", labels.Category), ("category_2", labels.Category2),
            ("category_3", labels.Category3),
            ("image_severity", labels.ImageSeverity), ("chosen_unsafe", labels.ChosenUnsafe), ("rejected_unsafe", labels.RejectedUnsafe),
            ("desirable", labels.Desirable),
            ("image_unsafe", labels.ImageUnsafe), ("instruction_unsafe", labels.InstructionUnsafe), ("id", labels.Id)));
        Add(reading, "score", Object(("chosen", Rates(record.ChosenRates)), ("rejected", Rates(record.RejectedRates)), ("margin", record.Margin)));
        if (record.Answer is not null) reading["answer"] = record.Answer;
        if (record.Options is { } options) reading["options"] = new JsonArray([.. options.Select(option => (JsonNode)option)]);
        if (record.Variant is not null) reading["variant"] = record.Variant;
        if (record.Fields.Count > 0) reading["fields"] = new JsonObject(record.Fields.Select(field => KeyValuePair.Create(field.Key, (JsonNode?)field.Value)));
        return reading;
    }

    /// <summary>A reading as a record; its images have no bytes, and of texts of a megabyte it has the hash.</summary>
    public static ConversationRecord Read(JsonObject reading)
    {
        JsonObject? preferences = reading["preferences"]?.AsObject(), labels = reading["labels"]?.AsObject(), score = reading["score"]?.AsObject();
        return new ConversationRecord
        {
            Kind = Enum.Parse<RecordKind>((string)reading["kind"]!, ignoreCase: true),
            Images = [.. reading["images"]!.AsArray().Select(_ => new EncodedImage(null, null))],
            Messages = Messages(reading["messages"]),
            Chosen = Messages(reading["chosen"]),
            Rejected = Messages(reading["rejected"]),
            Preferences = new RecordPreferences(Side(preferences?["helpful"]), Side(preferences?["safe"]), Side(preferences?["overall"])),
            Labels = new RecordLabels
            {
                Unsafe = (bool?)labels?["unsafe"],
                ChosenUnsafe = (bool?)labels?["chosen_unsafe"],
                RejectedUnsafe = (bool?)labels?["rejected_unsafe"],
                Desirable = (bool?)labels?["desirable"],
                ImageUnsafe = (bool?)labels?["image_unsafe"],
                InstructionUnsafe = (bool?)labels?["instruction_unsafe"],
                Category = (string?)labels?["category"],
                Category2 = (string?)labels?["category_2"],
                Category3 = (string?)labels?["category_3"],
                ImageSeverity = (int?)labels?["image_severity"],
                Id = (string?)labels?["id"],
            },
            ChosenRates = new AnswerRates((int?)score?["chosen"]?["helpful"], (int?)score?["chosen"]?["harmless"]),
            RejectedRates = new AnswerRates((int?)score?["rejected"]?["helpful"], (int?)score?["rejected"]?["harmless"]),
            Margin = (double?)score?["margin"],
            Answer = (string?)reading["answer"],
            Options = reading["options"]?.AsArray().Select(option => (string)option!).ToArray(),
            Variant = (string?)reading["variant"],
            Fields = reading["fields"]?.AsObject().ToDictionary(field => field.Key, field => (string)field.Value!) ?? [],
            Source = new RowPosition("default", (string)reading["split"]!, (string)reading["file"]!, (long)reading["row"]!, (long)reading["row"]!),
        };
    }

    /// <summary>A value without the order of its objects' keys.</summary>
    public static string Canonical(JsonNode? node) => node switch
    {
        JsonObject fields =>
            $"{{{string.Join(",", fields.OrderBy(field => field.Key, StringComparer.Ordinal).Select(field => $"{field.Key}:{Canonical(field.Value)}"))}}}",
        JsonArray items => $"[{string.Join(",", items.Select(Canonical))}]",
        null => "null",
        _ => node.ToJsonString(),
    };

    private static JsonNode Image(EncodedImage image)
    {
        if (image.Bytes is not { } bytes) return new JsonObject();
        ImageHeader header = ImageHeader.Read(bytes)!;
        JsonObject described = new() { ["sha256"] = Convert.ToHexStringLower(SHA256.HashData(bytes)), ["width"] = header.Width, ["height"] = header.Height };
        if (header.Format != "PNG") return described;
        RgbImage rgb = ImageDecoder.Decode(bytes);
        described["rgb"] = Convert.ToHexStringLower(SHA256.HashData([.. System.Text.Encoding.ASCII.GetBytes($"RGB:{rgb.Width}:{rgb.Height}:"), .. rgb.Pixels]));
        return described;
    }

    private static JsonArray Messages(IReadOnlyList<ConversationMessage> messages) => [.. messages.Select(message =>
    {
        JsonObject written = new() { ["role"] = Name(message.Role), ["content"] = new JsonArray([.. message.Parts.Select(Part)]) };
        if (message.Loss is { } loss) written["loss"] = loss;
        return written;
    })];

    private static JsonNode Part(MessagePart part)
    {
        if (part.Image is { } image) return new JsonObject { ["type"] = "image", ["image"] = image };
        byte[] utf8 = System.Text.Encoding.UTF8.GetBytes(part.Text!);
        return utf8.Length < 100_000
            ? new JsonObject { ["type"] = "text", ["text"] = part.Text }
            : new JsonObject { ["type"] = "text", ["text_sha256"] = Convert.ToHexStringLower(SHA256.HashData(utf8)), ["text_bytes"] = utf8.Length };
    }

    private static ConversationMessage[] Messages(JsonNode? list) => [.. (list?.AsArray() ?? []).Select(message => new ConversationMessage(
        Enum.Parse<ConversationRole>((string)message!["role"]!, ignoreCase: true),
        [.. message["content"]!.AsArray()
            .Select(part => (int?)part!["image"] is { } image
                ? MessagePart.OfImage(image)
                : MessagePart.OfText((string?)part["text"] ?? (string)part["text_sha256"]!))],
        (bool?)message["loss"]))];

    private static void Add(JsonObject reading, string name, JsonObject value)
    {
        if (value.Count > 0) reading[name] = value;
    }

    private static JsonObject Object(params (string Name, JsonNode? Value)[] fields) =>
        new(fields.Where(field => field.Value is not null).Select(field => KeyValuePair.Create(field.Name, field.Value)));

    private static JsonObject? Rates(AnswerRates rates) => Object(("helpful", rates.Helpful), ("harmless", rates.Harmless)) is { Count: > 0 } some
        ? some
        : null;

    private static PairSide? Side(JsonNode? name) => name is null ? null : Enum.Parse<PairSide>((string)name!, ignoreCase: true);

    private static string Name<T>(T value) where T : struct, Enum => value.ToString().ToLowerInvariant();

    private static string? Name(PairSide? side) => side?.ToString().ToLowerInvariant();
}
