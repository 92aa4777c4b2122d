using SafeRlhfV.Processing;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Gemma 3: a SigLIP tower with its last norm, a projector that averages patches, and a decoder that sees the tokens of an image both ways.</summary>
public sealed class GemmaModel : VisionLanguageModel
{
    private readonly ModuleGroup language;
    private readonly SiglipTower tower;
    private readonly GemmaProjector projector;
    private readonly TextDecoder decoder;
    private readonly LinearLayer head;
    private GemmaConfig config;

    /// <summary>Takes its parameters under the hub's names (language_model.model.*, vision_tower.vision_model.*, multi_modal_projector.*).</summary>
    public GemmaModel(GemmaConfig config, ParameterSource source) : base(nameof(GemmaModel))
    {
        ArgumentNullException.ThrowIfNull(config);
        this.config = config;
        tower = new(source.At("vision_tower.vision_model"), config.Vision);
        projector = new(source.At("multi_modal_projector"), config);
        decoder = new(source.At("language_model.model"), config.Text);
        head = config.TieWordEmbeddings ? new(decoder.Embedding, config.Text.HiddenSize, config.Text.VocabularySize)
            : new(source.At("language_model.lm_head"), config.Text.HiddenSize, config.Text.VocabularySize, false);
        language = config.TieWordEmbeddings ? new ModuleGroup(("model", decoder)) : new ModuleGroup(("model", decoder), ("lm_head", head));
        register_module("vision_tower", new ModuleGroup(("vision_model", tower)));
        register_module("multi_modal_projector", projector);
        register_module("language_model", language);
    }

    /// <inheritdoc/>
    public override ModelConfig Config => config;

    /// <inheritdoc/>
    public override TextDecoder Decoder => decoder;

    /// <inheritdoc/>
    public override IEnumerable<Parameter> VisionTowerParameters => tower.parameters();

    /// <inheritdoc/>
    public override LinearLayer Head => head;

    /// <inheritdoc/>
    public override string HeadName => "language_model.lm_head";

    /// <inheritdoc/>
    public override VisionFeatures EncodeImages(ImageInputs images)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor last = tower.Forward(images.PixelValues, [config.Vision.Layers])[0];
        return new VisionFeatures(tower.Norm(last).MoveToOuterDisposeScope(), [], images.Images);
    }

    /// <inheritdoc/>
    public override ImageEmbeddings ProjectImages(VisionFeatures features)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor tokens_TH = projector.Forward(features.Hidden).reshape(-1, HiddenSize);
        return new ImageEmbeddings(tokens_TH.MoveToOuterDisposeScope(), [], features.Images);
    }

    /// <inheritdoc/>
    public override (Tensor Positions, Tensor Deltas_B1) Positions(Tensor inputIds_BL, Tensor mask_BL, IReadOnlyList<ImageGeometry> images) =>
        PlainPositions(mask_BL);

    /// <inheritdoc/>
    public override Tensor Hidden(Tensor inputIds_BL, Tensor mask_BL, Tensor positions, ImageEmbeddings? images, KeyValueCache? cache = null, long from = 0,
        AnswerBranches? branches = null)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor embeddings, Tensor? places_T) = decoder.Embed(inputIds_BL, ImageTokenId, images, strict: cache is null || cache.Length == 0);
        return decoder.Forward(embeddings, mask_BL, positions, cache, imagePositions_T: places_T, from: from, branches: branches).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override KeyValueCache NewCache(int batch, int capacity) => decoder.NewCache(batch, capacity);

    /// <inheritdoc/>
    public override void Untie()
    {
        if (!config.TieWordEmbeddings) return;
        head.Untie();
        language.register_module("lm_head", head);
        config = config with { TieWordEmbeddings = false };
    }
}
