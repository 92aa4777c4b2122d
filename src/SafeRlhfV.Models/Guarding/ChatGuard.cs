using SafeRlhfV.Processing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// Judges prompts and answers in text: a guard behind its checkpoint's processor. The numbers are read at the last token of the prompt, or at the answer's end
/// token.
/// </summary>
public sealed class ChatGuard(GuardModel model, ModelProcessor processor)
{
    /// <summary>The guard.</summary>
    public GuardModel Model => model;

    /// <summary>Its processor.</summary>
    public ModelProcessor Processor => processor;

    /// <summary>The ids that are judged: the prompt as it stands before an answer, or with the answer as it follows in generation.</summary>
    /// <exception cref="InvalidInputException">There are more than the model has positions for. Nothing is cut: what was cut off would pass unread.</exception>
    public int[] Encode(EncodedPrompt prompt, string? response)
    {
        int[] ids = response is null ? prompt.Ids : [.. prompt.Ids, .. processor.EncodeResponse(prompt, response)];
        int most = processor.Model.MaxTokens;
        return ids.Length <= most ? ids : throw new InvalidInputException($"The guard reads {most} tokens, the text has {ids.Length}; judge it in parts.");
    }

    /// <summary>The head's 25 raw numbers for each text, in one pass.</summary>
    /// <param name="prompts">The prompts.</param>
    /// <param name="responses">The answer to each; null = the prompt alone.</param>
    /// <param name="cancellationToken">Asked before the pass.</param>
    /// <exception cref="InvalidInputException">A text is too long, or a number is not finite.</exception>
    public IReadOnlyList<float[]> Outputs(IReadOnlyList<EncodedPrompt> prompts, IReadOnlyList<string?> responses, CancellationToken cancellationToken = default)
    {
        if (prompts.Count != responses.Count)
            throw new ArgumentException($"{prompts.Count} prompts need as many answers or nulls, not {responses.Count}.", nameof(responses));
        return Outputs(prompts, [.. prompts.Zip(responses, Encode)], cancellationToken);
    }

    /// <summary>The same for texts that <see cref="Encode"/> has encoded.</summary>
    /// <param name="prompts">The prompts, for their images.</param>
    /// <param name="ids">The ids of each text.</param>
    /// <param name="cancellationToken">Asked before the pass.</param>
    /// <exception cref="InvalidInputException">A number is not finite: the checkpoint is broken, or its type too narrow.</exception>
    public IReadOnlyList<float[]> Outputs(IReadOnlyList<EncodedPrompt> prompts, IReadOnlyList<int[]> ids, CancellationToken cancellationToken = default)
    {
        if (prompts.Count == 0) return [];
        cancellationToken.ThrowIfCancellationRequested();
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        TokenBatch batch = TokenBatch.PadRight(ids, processor.PadTokenId, model.Scores.Backbone.Decoder.Embedding.Weight.device);
        using ImageInputs? images = processor.BatchImages(prompts);
        ScoreOutput output = model.Scores.Forward(batch.Ids_BL, batch.Mask_BL, model.Scores.EmbedImages(images));
        float[] ends = output.EndScores.to(ScalarType.Float32).cpu().data<float>().ToArray();
        return [.. FiniteNumbers.Demand(ends, model.Scores.Backbone, "the guard's numbers").Chunk(GuardHeads.Outputs)];
    }
}
