using System.Text;
using System.Text.Json.Nodes;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>
/// Every text in JSON that a service added to an answer, by where it stands: the texts of one place in the chunks of a stream belong together. Texts that are
/// JSON themselves are opened, bytes that are a text are read, images are taken out. Numbers hold no text.
/// </summary>
internal sealed class JsonLeaves
{
    private const string Names = "(names)";

    // What services name the parts of what they add; other names are judged as texts.
    private static readonly HashSet<string> Plain =
    [
        "type", "text", "id", "index", "format", "data", "summary", "signature", "url", "title", "start_index", "end_index", "url_citation", "content",
        "refusal",
        "token", "bytes", "logprob", "top_logprobs", "logprobs", "name", "arguments", "input", "google", "thought_signature", "image_url", "extra_content",
        "reasoning_details", "annotations", "provider_specific_fields", "images", "thinking", "reasoning", "citations", "function", "custom", "status",
        "detail",
    ];

    private readonly List<KeyValuePair<string, string>> texts = [];
    private readonly List<ModerationImage> images = [];

    /// <summary>Finds the texts and images in JSON.</summary>
    /// <param name="json">The JSON.</param>
    /// <param name="path">What its place is called.</param>
    public JsonLeaves(JsonNode json, string path) => Add(json, path, "", 0);

    public IReadOnlyList<KeyValuePair<string, string>> Texts => texts;

    public IReadOnlyList<ModerationImage> Images => images;

    private void Add(JsonNode? node, string path, string name, int lists)
    {
        switch (node)
        {
            case JsonObject parts:
                foreach ((string key, JsonNode? value) in parts)
                {
                    if (!Plain.Contains(key)) texts.Add(new(Names, key + "\n"));
                    Add(value, $"{path}.{key}", key, lists);
                }
                break;
            case JsonArray list when name == "bytes" && Bytes(list) is { } bytes: AddText(path, Encoding.UTF8.GetString(bytes)); break;
            case JsonArray list:
                // A list grows along a stream; within its items lists are told apart, such as the alternatives of each token.
                for (int i = 0; i < list.Count; i++) Add(list[i], lists == 0 ? $"{path}[]" : $"{path}[{i}]", "", lists + 1);
                break;
            case JsonValue value when value.TryGetValue(out string? text): AddText(path, text); break;
        }
    }

    private void AddText(string path, string text)
    {
        if (ImageOf(text) is { } image) images.Add(image);
        else if (!OpaqueText.IsOpaque(text)) texts.Add(new(path, EscapedText.WithOpened(text)));
    }

    private static ModerationImage? ImageOf(string text)
    {
        const string Mark = ";base64,";
        if (!text.StartsWith("data:image/", StringComparison.OrdinalIgnoreCase)) return null;
        int at = text.IndexOf(Mark, StringComparison.OrdinalIgnoreCase);
        if (at < 0) return null;
        byte[] bytes = new byte[(text.Length - at) * 3 / 4];
        return Convert.TryFromBase64String(text[(at + Mark.Length)..], bytes, out int count)
            ? new ModerationImage(new EncodedImage(bytes[..count], null)) { MediaType = text["data:".Length..at].ToLowerInvariant() }
            : null;
    }

    private static byte[]? Bytes(JsonArray list)
    {
        byte[] bytes = new byte[list.Count];
        for (int i = 0; i < bytes.Length; i++)
            if (list[i] is not JsonValue value || !value.TryGetValue(out bytes[i])) return null;
        return bytes;
    }
}
