using SafeRlhfV.Objectives;
using SafeRlhfV.Processing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Scores answers to conversations: a reward, cost or guard model behind a processor. The score is read at the answer's end token.</summary>
/// <param name="model">The model.</param>
/// <param name="processor">Its processor.</param>
/// <param name="pessimism">c of <see cref="EnsembleScores"/>, for a model of several heads; 0 = their mean.</param>
public sealed class ChatScorer(ScoreModel model, ModelProcessor processor, double pessimism = 0)
{
    /// <summary>The model.</summary>
    public ScoreModel Model => model;

    /// <summary>Its processor.</summary>
    public ModelProcessor Processor => processor;

    /// <summary>The ids that are scored: the prompt with the answer as it follows in generation.</summary>
    /// <exception cref="InvalidInputException">There are more than the model reads. Nothing is cut: the score of a part is not that of the whole.</exception>
    public int[] Encode(EncodedPrompt prompt, string response)
    {
        int[] ids = [.. prompt.Ids, .. processor.EncodeResponse(prompt, response)];
        int most = processor.Model.MaxTokens;
        if (ids.Length <= most) return ids;
        throw new InvalidInputException(
            $"prompt and response have {ids.Length} tokens, and the model reads at most {most}; shorten them, or leave the row out.")
        { IsTooLong = true };
    }

    /// <summary>End scores of answers in one batch; an answer has as many numbers as the head has outputs.</summary>
    /// <param name="prompts">The prompts.</param>
    /// <param name="responses">The answer to each.</param>
    /// <param name="cancellationToken">Asked before the pass.</param>
    /// <exception cref="InvalidInputException">A text is too long, image tokens and image features differ in number, or a score is not finite.</exception>
    public IReadOnlyList<float[]> Score(IReadOnlyList<EncodedPrompt> prompts, IReadOnlyList<string> responses, CancellationToken cancellationToken = default)
    {
        if (prompts.Count != responses.Count)
            throw new ArgumentException($"{prompts.Count} prompts need as many answers, not {responses.Count}.", nameof(responses));
        return Score(prompts, [.. prompts.Zip(responses, Encode)], cancellationToken);
    }

    /// <summary>The same for texts that <see cref="Encode"/> has encoded.</summary>
    /// <param name="prompts">The prompts, for their images.</param>
    /// <param name="ids">The ids of each text.</param>
    /// <param name="cancellationToken">Asked before the pass.</param>
    public IReadOnlyList<float[]> Score(IReadOnlyList<EncodedPrompt> prompts, IReadOnlyList<int[]> ids, CancellationToken cancellationToken = default) =>
        [.. ScoreAndSpread(prompts, ids, cancellationToken).Select(one => one.Scores)];

    /// <summary>The same, with the standard deviation over the heads of each score; null for a model of one head.</summary>
    /// <param name="prompts">The prompts, for their images.</param>
    /// <param name="ids">The ids of each text.</param>
    /// <param name="cancellationToken">Asked before the pass.</param>
    /// <exception cref="InvalidInputException">A score is not finite: the checkpoint is broken, or its type too narrow.</exception>
    public IReadOnlyList<(float[] Scores, float[]? Spreads)> ScoreAndSpread(
        IReadOnlyList<EncodedPrompt> prompts, IReadOnlyList<int[]> ids, CancellationToken cancellationToken = default)
    {
        if (prompts.Count == 0) return [];
        cancellationToken.ThrowIfCancellationRequested();
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        TokenBatch batch = TokenBatch.PadRight(ids, processor.PadTokenId, model.Backbone.Decoder.Embedding.Weight.device);
        using ImageInputs? images = processor.BatchImages(prompts);
        ScoreOutput output = model.Forward(batch.Ids_BL, batch.Mask_BL, model.EmbedImages(images));
        float[] ends = FiniteNumbers.Demand(Host(output.EndScores), model.Backbone, "scores");
        if (model.Head.Heads == 1) return [.. ends.Chunk(model.Head.Outputs).Select(scores => (scores, (float[]?)null))];
        IReadOnlyList<EnsembleScores> joined = model.Head.Join(output.EndScores, pessimism);
        float[][] means = [.. joined.Select(one => Host(one.Score_B))], spreads = [.. joined.Select(one => Host(one.Std_B))];
        return [.. prompts.Select((_, row) => (means.Select(one => one[row]).ToArray(), (float[]?)[.. spreads.Select(one => one[row])]))];

        static float[] Host(Tensor x) => x.to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray();
    }
}
