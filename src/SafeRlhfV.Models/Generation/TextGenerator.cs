using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// Continues prompts token by token with a preallocated cache. Rows are independent: each draws from its own stream, and rows that have ended
/// leave the batch. The image token is never generated (a second pass over the answer could not tell it from an image).
/// </summary>
public sealed class TextGenerator(VisionLanguageModel model)
{
    /// <summary>Generates answers.</summary>
    /// <param name="prompt">Left-padded prompts.</param>
    /// <param name="settings">How.</param>
    /// <param name="streams">One stream a row of the result (prompt × samples); null = streams named after seed and row.</param>
    /// <param name="onToken">Told of each token of a row that has not ended, in order of rows, on the calling thread.</param>
    /// <param name="cancellationToken">Stops between two tokens.</param>
    /// <exception cref="InvalidInputException">A setting is out of range, a prompt is padded on the right, or a logit is not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public GenerationResult Generate(
        GenerationPrompt prompt, GenerationSettings settings, IReadOnlyList<RandomStream>? streams = null, Action<GeneratedToken>? onToken = null,
        CancellationToken cancellationToken = default)
    {
        settings.Validate();
        cancellationToken.ThrowIfCancellationRequested();
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        using GenerationBatch batch = new(model, prompt, settings, streams);
        Tensor logits_BV = batch.Start();
        for (int step = 0; ; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using DisposeScope inner = NewDisposeScope();
            if (!batch.Take(logits_BV, step, onToken)) break;
            Tensor next = batch.Advance();
            next.MoveToOuterDisposeScope();
            logits_BV.Dispose();
            logits_BV = next;
        }
        return batch.Finish();
    }

    /// <summary>
    /// Generates answers and yields their tokens as they come. The work runs on a thread of the pool and stops when the caller stops listening.
    /// </summary>
    public IAsyncEnumerable<GeneratedToken> Stream(
        GenerationPrompt prompt, GenerationSettings settings, IReadOnlyList<RandomStream>? streams = null, CancellationToken cancellationToken = default) =>
        BackgroundStream.Run<GeneratedToken>((report, stop) => Generate(prompt, settings, streams, report, stop).Dispose(), cancellationToken);
}
