using System.Text.Json;
using SafeRlhfV.Processing;
using SafeRlhfV.Processing.Tests;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Models.Tests;

/// <summary>The reference conversations through the templates that the reference holds, and through the format that a folder's template becomes.</summary>
public sealed class TemplateGoldenTests
{
    private static readonly DateTime Now = new(2024, 7, 26, 14, 5, 9);

    public static TheoryData<string> Sources => [.. Templates().Select(pair => pair.Key)];

    /// <summary>A template of the folder `variants/chat` by its family, or of a model's folder by the family of `chat-2` that it is named after.</summary>
    private static SortedDictionary<string, (string File, string Text, string Rows)> Templates()
    {
        SortedDictionary<string, (string, string, string)> templates = new(StringComparer.Ordinal);
        string variants = Golden.At("variants", "chat");
        if (File.Exists(Path.Combine(variants, "index.json")))
        {
            using JsonDocument index = JsonDocument.Parse(File.ReadAllText(Path.Combine(variants, "index.json")));
            foreach (JsonProperty family in index.RootElement.GetProperty("templates").EnumerateObject())
            {
                string file = Path.Combine(variants, family.Value.GetString()!);
                if (File.Exists(file)) templates[$"variants/{family.Name}"] = (file, File.ReadAllText(file), Path.Combine(variants, "cases.jsonl"));
            }
        }
        string[] rows = Directory.Exists(Golden.At("chat-2")) ? Directory.GetFiles(Golden.At("chat-2"), "*.jsonl") : [];
        string[] families = [.. rows.SelectMany(File.ReadLines).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("family").GetString()!)
            .Distinct()];
        foreach (string folder in Directory.EnumerateDirectories(Golden.At("models")).Order(StringComparer.Ordinal))
        {
            if (!File.Exists(Path.Combine(folder, "tokenizer_config.json")) || ChatTemplate.Find(folder) is not { } template) continue;
            string name = Path.GetFileName(folder).Replace("-tiny", "", StringComparison.Ordinal);
            string? family = families.FirstOrDefault(family => family == name)
                ?? families.FirstOrDefault(family => family.StartsWith(name + "-", StringComparison.Ordinal));
            if (family is null) continue;
            foreach (string file in rows)
                if (File.ReadLines(file).Any(line => line.Contains($"\"family\":\"{family}\"", StringComparison.Ordinal)))
                    templates[$"{Path.GetFileName(folder)}/{family}"] = (template.File, template.Text, file);
        }
        return templates;
    }

    [Theory, MemberData(nameof(Sources))]
    public void EveryConversationOfTheReferenceRendersThroughItsTemplate(string source)
    {
        (string file, string text, string rows) = Templates()[source];
        string folder = Path.GetDirectoryName(file)!;
        ChatTemplate template = new(file, text, folder);
        IReadOnlyDictionary<string, string> tokens = template.SpecialTokens();
        ChatTemplateText renderer = template.Parse(tokens);
        List<string> wrong = [];
        int count = 0;
        foreach (JsonElement row in Rows(rows, source.Split('/')[1]))
        {
            if (row.GetProperty("messages").GetRawText().Contains("\"video\"", StringComparison.Ordinal)) continue; // refused before a template sees it
            count++;
            PyDict variables = (PyDict)JsonValues.Of(row)!;
            foreach (string name in (string[])["family", "group", "rendered", "images", "segments", "error"]) variables.Remove(name);
            if (!source.StartsWith("variants", StringComparison.Ordinal)) variables["messages"] = JsonValues.Of(Parts(row.GetProperty("messages")));
            string? expected = row.TryGetProperty("rendered", out JsonElement rendered) ? rendered.GetString() : null, given = null;
            try
            {
                given = renderer.Render(variables, Now).Text;
            }
            catch (JinjaException)
            {
                // an error is expected where there is no text
            }
            if (given != expected)
                wrong.Add(
                    $"{row.GetProperty("group").GetString()}: {row.GetProperty("messages").GetRawText()}\n  gave     {JsonSerializer.Serialize(given)}\n  expected {JsonSerializer.Serialize(expected)}");
        }
        Assert.True(count > 0, "no rows");
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {count} differ:\n{string.Join("\n", wrong.Take(5))}");
    }

    [Theory, MemberData(nameof(Sources))]
    public void ATemplateAsAFormatKeepsItsOwnTextApartFromTheConversations(string source)
    {
        (string file, string text, string rows) = Templates()[source];
        ChatTemplate template = new(file, text, Path.GetDirectoryName(file)!);
        string family = source.Split('/')[1];
        TemplateChatFormat format = new(template, template.SpecialTokens(), ImageToken(family, rows));
        List<string> wrong = [];
        int count = 0;
        foreach (JsonElement row in Rows(rows, family))
        {
            if (!IsPlain(row) || !row.TryGetProperty("rendered", out JsonElement rendered)) continue;
            bool vision = row.TryGetProperty("add_vision_id", out JsonElement flag) && flag.GetBoolean();
            IReadOnlyList<ChatTurn> turns = GoldenChat.Turns(row.GetProperty("messages"));
            if (turns.Any(turn => turn.Role == ChatRole.Assistant && turn.Parts.Any(part => part is ImagePart))) continue;
            count++;
            try
            {
                IReadOnlyList<ChatSegment> segments = format.Render(turns, row.GetProperty("add_generation_prompt").GetBoolean(), vision);
                string given = string.Concat(segments.Select(segment => segment.Text));
                if (given != rendered.GetString())
                    wrong.Add(
                        $"{row.GetProperty("messages").GetRawText()}\n  gave     {JsonSerializer.Serialize(given)}\n  expected {JsonSerializer.Serialize(rendered.GetString())}");
                else if (Foreign(row, segments) is { } foreign)
                    wrong.Add($"{row.GetProperty("messages").GetRawText()}\n  own text of the template, it says, is {JsonSerializer.Serialize(foreign)}");
                else if (segments.Count(segment => segment.Kind == ChatSegmentKind.Image) != row.GetProperty("images").GetInt32())
                    wrong.Add($"{row.GetProperty("messages").GetRawText()}: images");
            }
            catch (InvalidInputException error)
            {
                wrong.Add($"{row.GetProperty("messages").GetRawText()}: {error.Message}");
            }
        }
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {count} differ:\n{string.Join("\n", wrong.Take(5))}");
    }

    public static TheoryData<string> Folders => [.. Directory.EnumerateDirectories(Golden.At("models")).Order(StringComparer.Ordinal)
        .Where(folder => File.Exists(Path.Combine(folder, "tokenizer_config.json")) && ChatTemplate.Find(folder) is not null
            && GoldenPrompts.Folders().Contains(folder)).Select(folder => Path.GetFileName(folder)!)];

    [Theory, MemberData(nameof(Folders))]
    public void AFolderGetsABuiltInFormatOnlyWhereItsTemplateWritesTheSame(string name)
    {
        string folder = Golden.At("models", name);
        ChatFormat chosen = ChatFormat.For(ModelConfig.Load(folder), folder);
        ChatTemplate source = ChatTemplate.Find(folder)!;
        TemplateChatFormat template = new(source, source.SpecialTokens(), chosen.ImageToken);
        string[] families = chosen is TemplateChatFormat ? [] : [.. ChatFormat.Names.Where(known => ChatFormat.Named(known).GetType() == chosen.GetType())];
        foreach (JsonElement row in File.ReadLines(Golden.At("chat", "cases.jsonl")).Select(line => JsonDocument.Parse(line).RootElement))
        {
            if (chosen is not TemplateChatFormat && !families.Contains(row.GetProperty("family").GetString())) continue;
            IReadOnlyList<ChatTurn> turns = GoldenChat.Turns(row.GetProperty("messages"));
            bool generate = row.GetProperty("add_generation_prompt").GetBoolean(), vision = row.TryGetProperty("add_vision_id", out JsonElement flag)
                && flag.GetBoolean();
            Assert.Equal(Written(template, turns, generate, vision), Written(chosen, turns, generate, vision));
        }
    }

    private static string Written(ChatFormat format, IReadOnlyList<ChatTurn> turns, bool generate, bool vision)
    {
        try
        {
            return string.Concat(format.Render(turns, generate, vision).Select(segment => segment.Text));
        }
        catch (InvalidInputException)
        {
            return "refused";
        }
    }

    // white space apart, what we hold for the template's own must be its own in the reference
    private static string? Foreign(JsonElement row, IReadOnlyList<ChatSegment> segments)
    {
        List<bool> own = [];
        foreach (JsonElement pair in row.GetProperty("segments").EnumerateArray())
            own.AddRange(Enumerable.Repeat(pair[0].GetString() is "fmt" or "image", pair[1].GetString()!.Length));
        int at = 0;
        foreach (ChatSegment segment in segments)
        {
            bool trusted = segment.Kind is ChatSegmentKind.Format or ChatSegmentKind.Image;
            for (int index = 0; index < segment.Text.Length; index++, at++)
                if (trusted && !own[at] && !char.IsWhiteSpace(segment.Text[index])) return segment.Text;
        }
        return null;
    }

    private static bool IsPlain(JsonElement row) => !row.TryGetProperty("tools", out _) && row.GetProperty("messages").EnumerateArray().All(message =>
        message.EnumerateObject().All(property => property.Name is "role" or "content")
        && message.GetProperty("role").GetString() is "system" or "user" or "assistant"
        && (message.GetProperty("content").ValueKind == JsonValueKind.String
            || message.GetProperty("content").EnumerateArray().All(part => part.GetProperty("type").GetString() is "image" or "text")));

    private static string ImageToken(string family, string rows) => Rows(rows, family).Where(row => row.TryGetProperty("segments", out _))
        .SelectMany(row => row.GetProperty("segments").EnumerateArray())
        .FirstOrDefault(pair => pair[0].GetString() == "image") is { ValueKind: JsonValueKind.Array } pair ? pair[1].GetString()! : "<image>";

    // the LLaVA templates write nothing for a text as content; the reference takes it as one part, as the product does
    private static JsonElement Parts(JsonElement messages) => JsonSerializer.SerializeToElement(messages.EnumerateArray().Select(message => new
    {
        role = message.GetProperty("role").GetString(),
        content = message.GetProperty("content").ValueKind == JsonValueKind.String
            ? JsonSerializer.SerializeToElement(new[] { new { type = "text", text = message.GetProperty("content").GetString() } })
            : message.GetProperty("content"),
    }));

    private static IEnumerable<JsonElement> Rows(string file, string family) =>
        File.ReadLines(file).Select(line => JsonDocument.Parse(line).RootElement).Where(row => row.GetProperty("family").GetString() == family);
}
