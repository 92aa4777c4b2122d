using SafeRlhfV.Data;

namespace SafeRlhfV.Models;

/// <summary>
/// How a family writes a conversation as one text: what its Jinja chat template does, in C#. Nothing of the turns is escaped, trimmed or evaluated; that a
/// user's text holds no special token is seen to by the segments, which the tokenizer gets one by one.
/// </summary>
/// <remarks>
/// A checkpoint's format follows from its `model_type` and, where a folder has a chat template (chat_template.jinja, chat_template.json, or `chat_template` in
/// processor_config.json or tokenizer_config.json, in this order), from strings that tell the known templates apart: `[INST]` is LLaVA-NeXT on Mistral,
/// `ASSISTANT:` LLaVA on Vicuna, `&lt;|vision_start|&gt;` Qwen, there with or without the default system message that the template names. A template that is
/// none of these is refused, since its prompts would not be those the model was trained on; a caller who knows better names a format.
/// </remarks>
public abstract class ChatFormat
{
    private static readonly (string Name, Func<ChatFormat> Create)[] Known =
    [
        ("llava-1.5", () => new VicunaChatFormat()),
        ("llava-next-vicuna", () => new VicunaChatFormat()),
        ("llava-next-mistral", () => new MistralChatFormat()),
        ("qwen2-vl", () => new Qwen2ChatFormat()),
        ("qwen2.5-vl", () => new Qwen2ChatFormat()),
        ("qwen3-vl", () => new Qwen3ChatFormat()),
    ];

    /// <summary>The names that <see cref="Named"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(known => known.Name)];

    /// <summary>The token that stands for a picture.</summary>
    public abstract string ImageToken { get; }

    /// <summary>What stands between the prompt with its generation prompt and the answer, as this format writes an answer in a conversation.</summary>
    public abstract string BeforeAnswer { get; }

    /// <summary>The token that ends an answer; null = the checkpoint's first end token.</summary>
    public virtual string? EndOfAnswer => null;

    /// <summary>Writes a conversation.</summary>
    /// <param name="turns">The turns in their order.</param>
    /// <param name="addGenerationPrompt">End with what makes the model answer.</param>
    /// <param name="addVisionId">Number the pictures (`Picture 1: `); Qwen only, elsewhere without effect as in the templates.</param>
    /// <exception cref="InvalidInputException">The format cannot express the turns.</exception>
    public abstract IReadOnlyList<ChatSegment> Render(IReadOnlyList<ChatTurn> turns, bool addGenerationPrompt, bool addVisionId = false);

    /// <summary>The format of that name: llava-1.5, llava-next-vicuna, llava-next-mistral, qwen2-vl, qwen2.5-vl or qwen3-vl.</summary>
    /// <exception cref="InvalidInputException">There is none of that name.</exception>
    public static ChatFormat Named(string name) => Known.FirstOrDefault(known => known.Name == name).Create?.Invoke()
        ?? throw new InvalidInputException($"Chat format '{name}' is not known; known are {string.Join(", ", Names)}.");

    /// <summary>The format of a checkpoint folder.</summary>
    /// <exception cref="InvalidInputException">The folder's template is none of those known here.</exception>
    public static ChatFormat For(ModelConfig config, string folder)
    {
        ChatTemplate? template = ChatTemplate.Find(folder);
        return ModelFamilies.Find(config.ModelType)?.ChatFormatOf(config, template?.Text) ?? throw new InvalidInputException(
            $"{template?.File ?? folder}: {(template is null ? $"no chat format is known for {config.ModelType}" : "the chat template is none of those known here")}; name one of {string.Join(", ", Names)}.");
    }
}
