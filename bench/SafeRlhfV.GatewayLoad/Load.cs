using System.Text;
using System.Text.Json.Nodes;
using SafeRlhfV.SafetyWorld;

namespace SafeRlhfV.GatewayLoad;

/// <summary>
/// What is sent, in turn: one text for the keyword guard; for a guard's checkpoint the built-in world's harmless questions with their images. Counts what the
/// guard let pass.
/// </summary>
internal sealed class Load
{
    private const string Question = "What is shown in this image, and is it well?";
    private const int Prompts = 64;
    private readonly byte[][] wholes, streams;
    private int next, judged, passed;

    public Load(bool hasImages)
    {
        JsonNode[] contents = hasImages
            ? [.. new World(0).TestPrompts(10 * Prompts).Where(prompt => !prompt.IsRisky).Take(Prompts).Select(WithImage)]
            : [JsonValue.Create(Question)];
        (wholes, streams) = ([.. contents.Select(content => Body(content, stream: false))], [.. contents.Select(content => Body(content, stream: true))]);
    }

    /// <summary>Whole answers that came from the gateway.</summary>
    public int Judged => judged;

    /// <summary>Those that the guard let pass.</summary>
    public int Passed => passed;

    public byte[] Next(bool stream)
    {
        byte[][] bodies = stream ? streams : wholes;
        return bodies[(uint)Interlocked.Increment(ref next) % bodies.Length];
    }

    public void Count(bool hasPassed)
    {
        Interlocked.Increment(ref judged);
        if (hasPassed) Interlocked.Increment(ref passed);
    }

    private static JsonArray WithImage(WorldPrompt prompt) =>
    [
        new JsonObject { ["type"] = "image_url",
            ["image_url"] = new JsonObject { ["url"] = "data:image/png;base64," + Convert.ToBase64String(PngBytes.Encode(prompt.Image)) } },
        new JsonObject { ["type"] = "text", ["text"] = prompt.Text },
    ];

    private static byte[] Body(JsonNode content, bool stream) => Encoding.UTF8.GetBytes(new JsonObject
    {
        ["model"] = "stub",
        ["stream"] = stream,
        ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = content.DeepClone() }),
    }.ToJsonString());
}
