using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// Beaver-Guard-V (arXiv 2503.17682, section 5): a backbone of any family with one head of <see cref="GuardHeads.Outputs"/> numbers, read at the last valid
/// token of (image, question) or (image, question, answer). The text of a question is the chat prompt with the generation prompt; an answer follows it as it
/// follows in generation.
/// </summary>
public sealed class GuardModel : IDisposable
{
    /// <summary>Joins a score model of <see cref="GuardHeads.Outputs"/> outputs and its settings.</summary>
    /// <exception cref="InvalidInputException">The head has another number of outputs.</exception>
    public GuardModel(ScoreModel scores, GuardConfig? config = null)
    {
        if (scores.Head.Outputs != GuardHeads.Outputs)
            throw new InvalidInputException($"The score head has {scores.Head.Outputs} {(scores.Head.Outputs == 1 ? "output" : "outputs")}, a guard has "
                + $"{GuardHeads.Outputs}; this is "
                    + $"{(scores.Head.Kind is { } kind ? ModelKinds.Name(kind)
                        : scores.Head.Outputs == 1 ? "a reward or cost model" : "a model of another kind")}.");
        (Scores, Config) = (scores, config ?? new GuardConfig());
    }

    /// <summary>Backbone and head; the trainer's parameters are its parameters.</summary>
    public ScoreModel Scores { get; }

    /// <summary>Temperatures, cut-offs, and what it judges.</summary>
    public GuardConfig Config { get; set; }

    /// <summary>A guard to be trained: a new head on a backbone, of the backbone's type and on its device.</summary>
    /// <param name="backbone">The model below, such as the supervised policy.</param>
    /// <param name="seed">Seed of the head.</param>
    /// <param name="config">Its settings; null = a new guard's.</param>
    /// <param name="adapter">Name of the adapter under which the backbone is run; null = the backbone as it stands.</param>
    public static GuardModel Create(VisionLanguageModel backbone, long seed, GuardConfig? config = null, string? adapter = null)
    {
        Tensor like = backbone.Decoder.Embedding.Weight;
        return new GuardModel(new ScoreModel(backbone,
            ScoreHead.Create(backbone.HiddenSize, GuardHeads.Outputs, seed, "guard", dtype: like.dtype, device: like.device, kind: ModelKind.Guard), adapter),
                config);
    }

    /// <summary>Loads a folder that <see cref="Save"/> wrote.</summary>
    /// <exception cref="InvalidInputException">A part is missing or malformed, or the head is no guard's.</exception>
    public static GuardModel Load(string folder, LoadOptions? options = null)
    {
        GuardConfig config = GuardConfig.Load(folder); // before gigabytes are read
        ScoreModel scores = ScoreModel.Load(folder, options);
        try
        {
            return new GuardModel(scores, config);
        }
        catch (InvalidInputException error)
        {
            scores.Dispose();
            throw new InvalidInputException($"{folder}: {error.Message}", error);
        }
    }

    /// <summary>Saves backbone, head and settings as one checkpoint folder.</summary>
    public void Save(string folder, SaveOptions? options = null) => ModelCheckpoint.SaveWith(Scores.Backbone, folder, options, aside =>
    {
        Scores.Head.Save(aside);
        Config.Save(aside);
    });

    /// <summary>Logits at the last valid token of padded texts (either side), as the losses want them; no temperature.</summary>
    /// <param name="inputIds_BL">Token ids.</param>
    /// <param name="mask_BL">Valid columns.</param>
    /// <param name="images">Embeddings of the images; null without.</param>
    public GuardOutput Logits(Tensor inputIds_BL, Tensor mask_BL, ImageEmbeddings? images)
    {
        ScoreOutput output = Scores.Forward(inputIds_BL, mask_BL, images);
        output.Scores.Dispose();
        return GuardOutput.Split(output.EndScores);
    }

    /// <summary>Probabilities of padded texts (either side), after the temperatures; without gradients.</summary>
    /// <param name="inputIds_BL">Token ids.</param>
    /// <param name="mask_BL">Valid columns.</param>
    /// <param name="images">Embeddings of the images; null without.</param>
    public GuardOutput Forward(Tensor inputIds_BL, Tensor mask_BL, ImageEmbeddings? images)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        return Logits(inputIds_BL, mask_BL, images).ToProbabilities(Config.Temperatures).MoveToOuterScope();
    }

    /// <inheritdoc/>
    public void Dispose() => Scores.Dispose();
}
