using System.Text.Json;

namespace SafeRlhfV.Processing;

/// <summary>A checkpoint folder's Jinja chat template.</summary>
/// <param name="File">Where it was found.</param>
/// <param name="Text">Its text.</param>
/// <param name="Folder">The checkpoint's folder.</param>
internal sealed record ChatTemplate(string File, string Text, string Folder)
{
    private const long MaxBytes = 1 << 20;

    private static readonly string[] TokenNames = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    /// <summary>The folder's template, in the order in which transformers looks for it (the processor's files, then the tokenizer's); null if it has
    /// none.</summary>
    /// <exception cref="InvalidInputException">A file is malformed, or the forms do not go together.</exception>
    public static ChatTemplate? Find(string folder)
    {
        string json = Path.Combine(folder, "chat_template.json"), jinja = Path.Combine(folder, "chat_template.jinja");
        if (System.IO.File.Exists(json) && Directory.Exists(Path.Combine(folder, "additional_chat_templates")))
            throw new InvalidInputException($"{json}: is beside additional_chat_templates; transformers refuses the old form and the new one together. "
                + "Keep chat_template.jinja.");
        return InKey(folder, "processor_config.json") ?? InKey(folder, "chat_template.json")
            ?? (System.IO.File.Exists(jinja) ? new ChatTemplate(jinja, Read(jinja), folder) : null) ?? InKey(folder, "tokenizer_config.json");
    }

    /// <summary>The template, ready to render.</summary>
    /// <exception cref="InvalidInputException">It is no template.</exception>
    public ChatTemplateText Parse(IReadOnlyDictionary<string, string> specialTokens)
    {
        try
        {
            return new ChatTemplateText(JinjaTemplate.Parse(Text), specialTokens);
        }
        catch (JinjaException error)
        {
            throw Fault(error);
        }
    }

    /// <summary>A template's error as the user sees it.</summary>
    public InvalidInputException Fault(JinjaException error)
    {
        string place = error.Line > 0 ? $"{File}, line {error.Line} of the chat template" : $"{File}: chat template";
        return error.Kind switch
        {
            JinjaErrorKind.Syntax => new($"{place}: {error.Message} (it is no template that Jinja reads).", error),
            JinjaErrorKind.RaiseException => new($"{place} refuses the conversation: {error.Message}", error),
            JinjaErrorKind.Security => new($"{place} reaches for what a template may not: {error.Message}", error),
            JinjaErrorKind.Limit => new($"{place} takes more than a template may: {error.Message}", error),
            _ => new($"{place} fails: {error.Message}", error),
        };
    }

    /// <summary>The special tokens that tokenizer_config.json names; templates see them under these names.</summary>
    public IReadOnlyDictionary<string, string> SpecialTokens()
    {
        Dictionary<string, string> tokens = [];
        string file = Path.Combine(Folder, "tokenizer_config.json");
        if (!System.IO.File.Exists(file)) return tokens;
        JsonElement config = ConfigReader.Open(file).Element;
        foreach (string name in TokenNames)
        {
            if (!config.TryGetProperty(name, out JsonElement token)) continue;
            if (token.ValueKind == JsonValueKind.Object) token.TryGetProperty("content", out token); // older files
            if (token.ValueKind == JsonValueKind.String) tokens[name] = token.GetString()!;
        }
        return tokens;
    }

    private static ChatTemplate? InKey(string folder, string name)
    {
        string file = Path.Combine(folder, name);
        if (!System.IO.File.Exists(file)) return null;
        ConfigReader reader = ConfigReader.Open(file);
        if (!reader.Has("chat_template")) return null;
        return new ChatTemplate(file, reader.Element.GetProperty("chat_template") is { ValueKind: JsonValueKind.Array } list ? DefaultOf(list, reader)
            : reader.Text("chat_template"), folder);
    }

    // older tokenizer_config.json: a list of named templates
    private static string DefaultOf(JsonElement list, ConfigReader reader)
    {
        List<string> names = [];
        foreach (JsonElement item in list.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Object || !item.TryGetProperty("name", out JsonElement name)
                || name.ValueKind != JsonValueKind.String) continue;
            names.Add(name.GetString()!);
            if (name.ValueEquals("default") && item.TryGetProperty("template", out JsonElement template)
                && template.ValueKind == JsonValueKind.String) return template.GetString()!;
        }
        throw reader.Error("chat_template", $"is a list without a template named default; it has {(names.Count == 0 ? "none" : string.Join(", ", names))}");
    }

    private static string Read(string file) => DiskErrors.Reading(file, () =>
    {
        if (FileSize.Of(file) > MaxBytes) throw new InvalidInputException($"{file}: larger than {MaxBytes >> 20} MiB; this is no chat template.");
        return System.IO.File.ReadAllText(file);
    });
}
