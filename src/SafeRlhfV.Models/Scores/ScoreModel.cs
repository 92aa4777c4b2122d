using SafeRlhfV.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>A model that gives numbers instead of text: reward, cost, value, guard. Its own backbone, or one shared with others under an adapter.</summary>
public sealed class ScoreModel : NamedModule
{
    private readonly VisionLanguageModel backbone;
    private readonly ScoreHead head;

    /// <summary>Joins a backbone and a head.</summary>
    /// <param name="backbone">The model below.</param>
    /// <param name="head">The head.</param>
    /// <param name="adapter">Name of the adapter under which the backbone is run; null = the backbone as it stands.</param>
    public ScoreModel(VisionLanguageModel backbone, ScoreHead head, string? adapter = null) : base(nameof(ScoreModel))
    {
        (this.backbone, this.head, Adapter) = (backbone, head, adapter);
        register_module("backbone", backbone);
        register_module("score", head);
    }

    /// <summary>The model below.</summary>
    public VisionLanguageModel Backbone => backbone;

    /// <summary>The head.</summary>
    public ScoreHead Head => head;

    /// <summary>The adapter under which the backbone is run; null = none is chosen here.</summary>
    public string? Adapter { get; }

    /// <summary>Loads a folder that <see cref="Save"/> wrote: backbone and head.</summary>
    /// <param name="folder">The checkpoint.</param>
    /// <param name="options">How the weights are placed.</param>
    /// <param name="adapterFolder">A PEFT adapter under which the backbone is run; a score head that lies beside it is taken instead of the checkpoint's. Null
    /// = none.</param>
    /// <exception cref="InvalidInputException">A part is missing or malformed.</exception>
    public static ScoreModel Load(string folder, LoadOptions? options = null, string? adapterFolder = null)
    {
        string headFolder = HeadFolder(folder, adapterFolder);
        VisionLanguageModel backbone = ModelCheckpoint.Load(folder, options);
        try
        {
            string? adapter = adapterFolder is null ? null : backbone.Adapters.Load("score", adapterFolder).Name;
            return new ScoreModel(backbone, ScoreHead.Load(headFolder, backbone.HiddenSize, backbone.Decoder.Embedding.Weight.dtype, options?.Device), adapter);
        }
        catch
        {
            backbone.Dispose();
            throw;
        }
    }

    /// <summary>The folder whose head counts: the adapter's, where it has one.</summary>
    /// <exception cref="InvalidInputException">The adapter is a policy's: no score was trained with it.</exception>
    public static string HeadFolder(string folder, string? adapterFolder)
    {
        if (adapterFolder is null) return folder;
        if (File.Exists(Path.Combine(adapterFolder, ScoreHead.FileName))) return adapterFolder;
        if (ModelKinds.Of(adapterFolder) == ModelKind.Policy)
            throw new InvalidInputException(
                $"{adapterFolder}: this is {ModelKinds.Name(ModelKind.Policy)}; the score head of {folder} was not trained with it.");
        return folder;
    }

    /// <summary>Saves backbone and head as one checkpoint folder.</summary>
    public void Save(string folder, SaveOptions? options = null) => ModelCheckpoint.SaveWith(backbone, folder, options, aside => head.Save(aside));

    /// <summary>Tower and projector as the scores see them, under the adapter; null for no images.</summary>
    public ImageEmbeddings? EmbedImages(ImageInputs? images)
    {
        using IDisposable? use = UseAdapter();
        return backbone.EmbedImages(images);
    }

    /// <summary>Scores of padded texts (either side).</summary>
    /// <param name="inputIds_BL">Token ids.</param>
    /// <param name="mask_BL">Valid columns.</param>
    /// <param name="images">Embeddings of the images; null without.</param>
    public ScoreOutput Forward(Tensor inputIds_BL, Tensor mask_BL, ImageEmbeddings? images)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable? use = UseAdapter();
        Tensor scores = head.Forward(backbone.Hidden(inputIds_BL, mask_BL, images));
        Tensor end = EndScores.At(scores, EndScores.LastValid(mask_BL));
        return new ScoreOutput(scores.MoveToOuterDisposeScope(), end.MoveToOuterDisposeScope());
    }

    private IDisposable? UseAdapter() => Adapter is null ? null : backbone.UseAdapter(Adapter);
}
