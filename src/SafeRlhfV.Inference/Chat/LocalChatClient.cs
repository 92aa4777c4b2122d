using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.Extensions.AI;
using SafeRlhfV.Guard;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using Role = Microsoft.Extensions.AI.ChatRole;

namespace SafeRlhfV.Inference;

/// <summary>
/// A vision-language checkpoint on this machine, with or without an adapter, as a chat client. Callers who want the same sampling and come while a batch runs
/// are answered together in the next one; each has random numbers of its own, so that what one asks does not change what another gets.
/// </summary>
public sealed class LocalChatClient : IChatClient
{
    private readonly ChatGenerator generator;
    private readonly TextSettings defaults;
    private readonly GenerationQueue queue;
    private readonly ChatClientMetadata metadata;
    private readonly Lazy<LocalShieldGemma>? guard;

    /// <summary>Wraps a generator, whose model it owns from now on.</summary>
    public LocalChatClient(ChatGenerator generator, LocalOptions? options = null)
    {
        this.generator = generator;
        options ??= new();
        defaults = GenerationDefaults.Load(generator.Processor.Folder);
        if (options.MaxNewTokens is { } most) defaults = defaults with { Tokens = defaults.Tokens.WithMaxNewTokens(most) };
        metadata = new("safe-rlhf-v", null, options.Name ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(generator.Processor.Folder)));
        queue = new(generator, options.BatchSize);
        if (generator.Model.Config is GemmaConfig { Answers: not null })
            guard = new(() => new(new ShieldGemma(generator.Model, generator.Processor), generator.Processor));
    }

    /// <summary>Opens a checkpoint's folder, or an adapter's, whose base model is found by its settings.</summary>
    /// <exception cref="InvalidInputException">A part is missing or malformed.</exception>
    public static LocalChatClient Load(string folder, LocalOptions? options = null)
    {
        options = (options ?? new()) with { Name = options?.Name ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))) };
        (VisionLanguageModel model, ModelProcessor processor) = LocalCheckpoint.OpenChat(folder, options);
        return new(new ChatGenerator(model, processor), options);
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidInputException">A message or option is none that a local checkpoint can serve; the message names it.</exception>
    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        GenerationJob job = await StartAsync(messages, options, cancellationToken).ConfigureAwait(false);
        StringBuilder text = new(), reasoning = new();
        await foreach (TextDelta delta in job.Pieces.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            (delta.IsReasoning ? reasoning : text).Append(delta.Text);
        AIContent[] contents = reasoning.Length > 0
            ? [new TextReasoningContent(reasoning.ToString()), new TextContent(text.ToString())]
            : [new TextContent(text.ToString())];
        return new ChatResponse(new ChatMessage(Role.Assistant, contents))
        {
            ResponseId = job.Id,
            ModelId = metadata.DefaultModelId,
            CreatedAt = job.Created,
            FinishReason = Finish(job),
            Usage = Usage(job),
        };
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidInputException">A message or option is none that a local checkpoint can serve; the message names it.</exception>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using CancellationTokenSource left = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            GenerationJob job = await StartAsync(messages, options, left.Token).ConfigureAwait(false);
            await foreach (TextDelta delta in job.Pieces.ReadAllAsync(cancellationToken).ConfigureAwait(false))
                if (delta.Text.Length > 0) yield return Update(job, delta.IsReasoning ? new TextReasoningContent(delta.Text) : new TextContent(delta.Text));
            ChatResponseUpdate last = Update(job, new UsageContent(Usage(job)));
            last.FinishReason = Finish(job);
            yield return last;
        }
        finally
        {
            await left.CancelAsync().ConfigureAwait(false); // a reader who leaves ends the work
        }
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null) => serviceKey is not null ? null
        : serviceType == typeof(ChatClientMetadata) ? metadata
        : serviceType == typeof(ModelProcessor) ? generator.Processor
        : serviceType == typeof(IGuardModel) ? guard?.Value
        : serviceType.IsInstanceOfType(this) ? this : null;

    /// <summary>Ends what is under way and frees the model.</summary>
    public void Dispose()
    {
        queue.Dispose();
        if (guard is { IsValueCreated: true }) guard.Value.Dispose();
        generator.Model.Dispose();
    }

    private async Task<GenerationJob> StartAsync(IEnumerable<ChatMessage> messages, ChatOptions? options, CancellationToken cancellationToken)
    {
        TextSettings settings = Sampling.Of(defaults, options);
        ChatMessage[] asked = [.. options?.Instructions is { Length: > 0 } instructions
            ? [new ChatMessage(Role.System, instructions)]
            : Array.Empty<ChatMessage>(), .. messages];
        EncodedPrompt prompt = await Task.Run(() => generator.Processor.EncodePrompt(ChatTurns.Of(asked)), cancellationToken).ConfigureAwait(false);
        int room = generator.Processor.Model.MaxTokens - prompt.Ids.Length;
        if (room < 1)
            throw new InvalidInputException($"The conversation has {prompt.Ids.Length} tokens; this model reads {generator.Processor.Model.MaxTokens}. Send "
                + "less of it.");
        GenerationJob job = new(prompt, settings with { Tokens = settings.Tokens with { MaxNewTokens = Math.Min(settings.Tokens.MaxNewTokens, room) } },
            options?.Seed ?? Random.Shared.NextInt64(), cancellationToken);
        queue.Add(job);
        return job;
    }

    private ChatResponseUpdate Update(GenerationJob job, AIContent content) =>
        new(Role.Assistant, [content]) { ResponseId = job.Id, MessageId = job.Id, ModelId = metadata.DefaultModelId, CreatedAt = job.Created };

    private static ChatFinishReason Finish(GenerationJob job) => job.Finish == FinishReason.Length ? ChatFinishReason.Length : ChatFinishReason.Stop;

    private static UsageDetails Usage(GenerationJob job) =>
        new() { InputTokenCount = job.Prompt.Ids.Length, OutputTokenCount = job.Tokens, TotalTokenCount = job.Prompt.Ids.Length + job.Tokens };
}
