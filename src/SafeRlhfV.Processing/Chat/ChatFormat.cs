namespace SafeRlhfV.Processing;

/// <summary>
/// How a family writes a conversation as one text: what its Jinja chat template does, in C#. Nothing of the turns is escaped, trimmed or evaluated; that a
/// user's text holds no special token is seen to by the segments, which the tokenizer gets one by one.
/// </summary>
/// <remarks>
/// A checkpoint's format follows from its folder's chat template. The template renders a fixed set of conversations: where it writes what a built-in format
/// writes, that one is used; otherwise the template itself writes the prompts. A folder without a template is refused, since a guess may be wrong without a
/// sign; a caller who knows better names a format.
/// </remarks>
public abstract class ChatFormat
{
    private static readonly (string Name, Func<ChatFormat> Create)[] Known =
    [
        ("llava-1.5", () => new VicunaChatFormat()),
        ("llava-next-vicuna", () => new VicunaChatFormat()),
        ("llava-next-mistral", () => new MistralChatFormat()),
        ("llava-onevision", () => new OneVisionChatFormat()),
        ("internvl3", () => new InternVlChatFormat()),
        ("gemma3", () => new GemmaChatFormat()),
        ("qwen2-vl", () => new Qwen2ChatFormat()),
        ("qwen2.5-vl", () => new Qwen2ChatFormat()),
        ("qwen3-vl", () => new Qwen3ChatFormat()),
    ];

    /// <summary>The names that <see cref="Named"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(known => known.Name)];

    /// <summary>The token that stands for an image.</summary>
    public abstract string ImageToken { get; }

    /// <summary>What stands between the prompt with its generation prompt and the answer, as this format writes an answer in a conversation.</summary>
    public abstract string BeforeAnswer { get; }

    /// <summary>The token that ends an answer; null = the checkpoint's first end token.</summary>
    public virtual string? EndOfAnswer => null;

    /// <summary>The token that the format itself begins with, where it writes one; then the tokenizer adds none.</summary>
    public virtual string? BeginToken => null;

    /// <summary>How the model sets its reasoning apart from its answer; null = it does not reason.</summary>
    public virtual ChatReasoning? Reasoning => null;

    /// <summary>Writes a conversation.</summary>
    /// <param name="turns">The turns in their order.</param>
    /// <param name="addGenerationPrompt">End with what makes the model answer.</param>
    /// <param name="addVisionId">Number the images (`Image 1: `); Qwen only, elsewhere without effect as in the templates.</param>
    /// <exception cref="InvalidInputException">The format cannot express the turns.</exception>
    public abstract IReadOnlyList<ChatSegment> Render(IReadOnlyList<ChatTurn> turns, bool addGenerationPrompt, bool addVisionId = false);

    /// <summary>What follows the turns and their generation prompt when the model answers with that text, up to the end of the answer.</summary>
    internal virtual IReadOnlyList<ChatSegment> RenderAnswer(IReadOnlyList<ChatTurn> turns, string response, bool addVisionId) =>
        [new ChatSegment(ChatSegmentKind.Assistant, BeforeAnswer + response)];

    /// <summary>A role as most templates write it.</summary>
    private protected static string RoleName(ChatRole role) => role switch { ChatRole.System => "system", ChatRole.User => "user", _ => "assistant" };

    /// <summary>The format of that name, one of <see cref="Names"/>.</summary>
    /// <exception cref="InvalidInputException">Nothing has that name.</exception>
    public static ChatFormat Named(string name) => Known.FirstOrDefault(known => known.Name == name).Create?.Invoke()
        ?? throw new InvalidInputException($"Chat format '{name}' is not known; known are {string.Join(", ", Names)}.");

    /// <summary>The format of a checkpoint folder: a built-in one where its chat template writes what that one writes, else the template itself.</summary>
    /// <param name="folder">The checkpoint folder.</param>
    /// <param name="modelType">The model's family, for messages.</param>
    /// <param name="usual">The format that most checkpoints of the family were trained on; null = the family does not chat.</param>
    /// <exception cref="InvalidInputException">The folder has no chat template, or one that fails.</exception>
    public static ChatFormat OfFolder(string folder, string modelType, ChatFormat? usual)
    {
        ChatTemplate template = ChatTemplate.Find(folder) ?? throw new InvalidInputException(
            $"{folder}: it has no chat template (chat_template.jinja, chat_template.json, or the key chat_template of processor_config.json or "
                + $"tokenizer_config.json); name a format with --chat-format: {string.Join(", ", Names)}.");
        if (usual is null) throw new InvalidInputException($"{folder}: no chat is known for {modelType}.");
        return ChatRecognition.Choose(template, usual.ImageToken);
    }
}
