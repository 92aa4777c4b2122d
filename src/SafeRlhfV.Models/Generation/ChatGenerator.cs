using SafeRlhfV.Processing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// Answers conversations in text: encodes images, batches prompts, generates, decodes. The one way from prompts to answers for command line, service and
/// evaluation.
/// </summary>
public sealed class ChatGenerator(VisionLanguageModel model, ModelProcessor processor)
{
    private readonly TextGenerator generator = new(model);

    /// <summary>The model.</summary>
    public VisionLanguageModel Model => model;

    /// <summary>Its processor.</summary>
    public ModelProcessor Processor => processor;

    /// <summary>
    /// Prompts of one batch that begin with the same tokens up to and with the same images have this beginning run once. The tokens are those of prompts run
    /// one by one; only the order of additions within a product may differ, as it does between batches.
    /// </summary>
    public bool SharesImages { get; init; } = true;

    /// <summary>Prompts so far that showed the same images as another one of their batch.</summary>
    public int RepeatedPromptCount { get; private set; }

    /// <summary>Those of them that took over the other's beginning instead of running it.</summary>
    public int SharedPromptCount { get; private set; }

    /// <summary>Answers prompts in one batch; row = prompt × samples + sample.</summary>
    /// <param name="prompts">At least one.</param>
    /// <param name="settings">How.</param>
    /// <param name="streams">One random stream a row; null = streams named after seed and row. A row's answer depends on its stream, never on its
    /// batch.</param>
    /// <param name="onText">Told of each answer's text as it grows, on the calling thread.</param>
    /// <param name="cancellationToken">Stops between two tokens.</param>
    /// <exception cref="InvalidInputException">A setting is out of range, or there is no such adapter.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public IReadOnlyList<TextCompletion> Generate(
        IReadOnlyList<EncodedPrompt> prompts, TextSettings settings, IReadOnlyList<RandomStream>? streams = null, Action<TextDelta>? onText = null,
        CancellationToken cancellationToken = default)
    {
        settings.Validate();
        if (prompts.Count == 0) return [];
        int samples = settings.Tokens.Samples;
        int rows = prompts.Count * samples;
        TokenStream[] decoders = [.. Enumerable.Range(0, rows).Select(_ => processor.Tokenizer.NewStream())];
        AnswerText[] texts = [.. Enumerable.Range(0, rows).Select(_ => new AnswerText(settings.StopStrings))];
        ReasoningText[] parts = [.. Enumerable.Range(0, rows).Select(_ => new ReasoningText(processor.Chat.Reasoning))];
        GenerationSettings tokens = settings.Tokens with
        {
            EosTokenIds = settings.Tokens.EosTokenIds.Count > 0 ? settings.Tokens.EosTokenIds : processor.EosTokenIds,
            PadTokenId = processor.PadTokenId,
            Stop = (row, ids) => texts[row].Append(decoders[row].Push(ids[^1])) | settings.Tokens.Stop?.Invoke(row, ids) == true,
        };
        void Report(GeneratedToken token)
        {
            if (token.Finish is not null) texts[token.Row].Append(decoders[token.Row].Finish());
            string piece = texts[token.Row].Release(token.Finish is not null);
            List<(string Text, bool IsReasoning)> shown = parts[token.Row].Push(piece, token.Finish is not null);
            if (shown.Count == 0 && token.Finish is not null) shown.Add(("", false));
            foreach ((int at, (string text, bool isReasoning)) in shown.Index())
                onText?.Invoke(new TextDelta(token.Row / samples, token.Row % samples, text, at == shown.Count - 1 ? token.Finish : null, isReasoning));
        }

        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        using IDisposable? adapter = settings.Adapter is null ? null : model.UseAdapter(settings.Adapter);
        GenerationPrompt prompt = Prepare(prompts);
        using GenerationResult result = generator.Generate(prompt, tokens, streams, Report, cancellationToken);
        float[]? logProbs = result.LogProbs_BT?.cpu().data<float>().ToArray();
        int longest = (int)result.Tokens_BT.shape[1];
        return [.. texts.Select((text, row) =>
        {
            (string? reasoning, string answer) = ReasoningText.Split(text.Stop is null ? Whole(result, row) : text.ToString(), processor.Chat.Reasoning);
            float[]? rowLogProbs = logProbs?[(row * longest)..(row * longest + result.Lengths[row])];
            return new TextCompletion(row / samples, row % samples, answer, result.Row(row), rowLogProbs, result.Finishes[row],
                text.Stop) { Reasoning = reasoning };
        })];
    }

    /// <summary>Answers prompts and yields the text as it comes. The work runs on a thread of the pool and stops when the caller stops listening.</summary>
    public IAsyncEnumerable<TextDelta> Stream(
        IReadOnlyList<EncodedPrompt> prompts, TextSettings settings, IReadOnlyList<RandomStream>? streams = null,
        CancellationToken cancellationToken = default) =>
        BackgroundStream.Run<TextDelta>((report, stop) => Generate(prompts, settings, streams, report, stop), cancellationToken);

    /// <summary>
    /// Prompts as the token generator takes them: left-padded ids and mask, and the images' embeddings. An image that several prompts show is encoded once, and
    /// what such prompts begin with in common is run once (<see cref="SharesImages"/>).
    /// </summary>
    public GenerationPrompt Prepare(IReadOnlyList<EncodedPrompt> prompts)
    {
        TokenBatch batch = processor.Batch(prompts, model.Decoder.Embedding.Weight.device);
        List<ProcessedImage> distinct = [];
        int[][] imagesOf = [.. prompts.Select(prompt => prompt.Images.Select(image => Index(distinct, image)).ToArray())];
        if (distinct.Count == 0) return new GenerationPrompt(batch.Ids_BL, batch.Mask_BL);
        using ImageInputs inputs = processor.Images.Batch(distinct);
        ImageEmbeddings images = model.EmbedImages(inputs)!;
        if (imagesOf.Sum(of => of.Length) == distinct.Count) return new GenerationPrompt(batch.Ids_BL, batch.Mask_BL, images);
        SharedPrompts? shared = SharesImages && batch.Ids_BL.shape[1] <= model.LongestSharedText
            ? SharedPrompts.Find(prompts, imagesOf, model.ImageTokenId, model.Decoder.Config.SeesImagesBothWays) : null;
        SharedPromptCount += shared?.Followers ?? 0;
        string[] shown = [.. imagesOf.Where(of => of.Length > 0).Select(of => string.Join(' ', of))];
        RepeatedPromptCount += shown.Length - shown.Distinct().Count();
        return new GenerationPrompt(batch.Ids_BL, batch.Mask_BL, images.Repeat([.. imagesOf.SelectMany(of => of)])) { Shared = shared };
    }

    private static int Index(List<ProcessedImage> distinct, ProcessedImage image)
    {
        int at = distinct.FindIndex(other => ReferenceEquals(other, image)
            || other.Geometry == image.Geometry && other.Pixels.AsSpan().SequenceEqual(image.Pixels));
        if (at >= 0) return at;
        distinct.Add(image);
        return distinct.Count - 1;
    }

    // bytes shown one by one may turn out to be no UTF-8 together; the answer's text is what they decode to at once
    private string Whole(GenerationResult result, int row) =>
        processor.Tokenizer.Decode(result.Finishes[row] == FinishReason.EndToken ? result.Row(row).SkipLast(1) : result.Row(row));
}
