using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>
/// How a published guard model is asked, and how its answer is read. The forms are the models' own; the words of the built-in prompts are ours.
/// </summary>
/// <remarks>A model was trained on one exact prompt: give it as a template's file where the built-in words do less well.</remarks>
public abstract class GuardProfile
{
    /// <summary>Its names in settings, such as llamaguard.</summary>
    public abstract IReadOnlyList<string> Names { get; }

    /// <summary>It judges images by themselves, one by one; texts alone it cannot judge.</summary>
    public virtual bool JudgesImagesAlone => false;

    /// <summary>It sees images at all.</summary>
    public virtual bool SeesImages => true;

    /// <summary>The prompt's text with {question}, {answer} and {policy} where those come; null: the conversation itself is sent, and the model's own chat
    /// template adds the policy.</summary>
    public abstract string? Template { get; }

    /// <summary>The policy of the built-in prompt; empty: it has none.</summary>
    public virtual string Policy => "";

    /// <summary>
    /// Policies of which each is asked about by itself, by the names that are the codes of what violates them; empty: one question stands for all.
    /// </summary>
    public virtual IReadOnlyDictionary<string, string> Policies { get; } = new Dictionary<string, string>();

    /// <summary>What its codes mean here: a category, and how grave it is where the model does not say.</summary>
    public virtual IReadOnlyDictionary<string, (string Category, Severity Severity)> Categories { get; } = new Dictionary<string, (string, Severity)>();

    /// <summary>The words of which one decides: those that say unsafe, and those that say safe.</summary>
    public abstract (IReadOnlyList<string> Unsafe, IReadOnlyList<string> Safe) Labels { get; }

    /// <summary>The most tokens of its answer.</summary>
    public virtual int MaxTokens => 64;

    /// <summary>What to send for a request.</summary>
    /// <param name="request">The request; for a profile that judges images alone it holds one image.</param>
    /// <param name="template">A template of the user's; null: the built-in one.</param>
    /// <param name="policy">A policy of the user's; null: the built-in one.</param>
    public IReadOnlyList<ChatMessage> Ask(ModerationRequest request, string? template = null, string? policy = null)
    {
        AIContent[] images = SeesImages ? [.. request.Images.Select(image => image.ToContent())] : [];
        if ((template ?? Template) is { } text)
            return [new(ChatRole.User, [.. images, new TextContent(TemplateText.Fill(text, request, policy ?? Policy))])];
        ChatMessage question = new(ChatRole.User, [.. images, new TextContent(request.Question)]);
        return request.Response is { } answer ? [question, new(ChatRole.Assistant, answer)] : [question];
    }

    /// <summary>Reads an answer.</summary>
    /// <param name="text">The answer.</param>
    /// <param name="side">Which side was judged.</param>
    /// <exception cref="FormatException">It is none of this model's; what it says of safety is not known then.</exception>
    public abstract GuardReading Read(string text, GuardSide side);

    /// <summary>The text after the model's reasoning, and where it begins.</summary>
    /// <exception cref="FormatException">The reasoning has no end: the answer was cut.</exception>
    protected static (string Text, int At) AfterReasoning(string text)
    {
        int end = text.LastIndexOf("</think>", StringComparison.OrdinalIgnoreCase);
        if (end < 0 && text.Contains("<think>", StringComparison.OrdinalIgnoreCase)) throw new FormatException("the guard's reasoning has no end");
        return end < 0 ? (text, 0) : (text[(end + "</think>".Length)..], end + "</think>".Length);
    }
}
