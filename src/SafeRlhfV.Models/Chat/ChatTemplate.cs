using System.Text.Json;
using SafeRlhfV.Data;

namespace SafeRlhfV.Models;

/// <summary>A checkpoint folder's Jinja chat template. It is never run; its text tells which format the model was trained on.</summary>
internal sealed record ChatTemplate(string File, string Text)
{
    private const long MaxBytes = 1 << 20;

    private static readonly string[] JsonFiles = ["chat_template.json", "processor_config.json", "tokenizer_config.json"];

    /// <summary>The folder's template, in the order in which transformers looks for it; null if it has none.</summary>
    public static ChatTemplate? Find(string folder)
    {
        string jinja = Path.Combine(folder, "chat_template.jinja");
        if (System.IO.File.Exists(jinja)) return new ChatTemplate(jinja, Read(jinja));
        foreach (string name in JsonFiles)
        {
            string file = Path.Combine(folder, name);
            if (!System.IO.File.Exists(file)) continue;
            ConfigReader reader = ConfigReader.Open(file);
            if (!reader.Has("chat_template")) continue;
            return new ChatTemplate(file, reader.Element.GetProperty("chat_template") is { ValueKind: JsonValueKind.Array } list ? DefaultOf(list, reader) : reader.Text("chat_template"));
        }
        return null;
    }

    // older tokenizer_config.json: a list of named templates
    private static string DefaultOf(JsonElement list, ConfigReader reader)
    {
        foreach (JsonElement item in list.EnumerateArray())
            if (item.ValueKind == JsonValueKind.Object && item.TryGetProperty("name", out JsonElement name) && name.ValueEquals("default")
                && item.TryGetProperty("template", out JsonElement template) && template.ValueKind == JsonValueKind.String) return template.GetString()!;
        throw reader.Error("chat_template", "is a list without a template named default");
    }

    private static string Read(string file)
    {
        try
        {
            if (new FileInfo(file).Length > MaxBytes) throw new InvalidInputException($"{file}: larger than {MaxBytes >> 20} MiB; this is no chat template.");
            return System.IO.File.ReadAllText(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{file}: cannot be read ({error.Message}).", error);
        }
    }
}
