using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Registry.Tests;

/// <summary>One linear layer as tower, one as projector, and the shared decoder.</summary>
public sealed class MosaicModel : VisionLanguageModel
{
    private readonly LinearLayer tower, projector, head;

    /// <summary>Takes tower, projector, model and lm_head.</summary>
    public MosaicModel(MosaicConfig config, ParameterSource source) : base(nameof(MosaicModel), config)
    {
        tower = new(source.At("tower"), 3, config.TowerSize, true);
        projector = new(source.At("projector"), config.TowerSize, config.Text.HiddenSize, true);
        Decoder = new(source.At("model"), config.Text);
        head = config.TieWordEmbeddings
            ? new(Decoder.Embedding, config.Text.HiddenSize, config.Text.VocabularySize)
            : new(source.At("lm_head"), config.Text.HiddenSize, config.Text.VocabularySize, false);
        register_module("tower", tower);
        register_module("projector", projector);
        register_module("model", Decoder);
        if (!config.TieWordEmbeddings) register_module("lm_head", head);
    }

    /// <inheritdoc/>
    public override TextDecoder Decoder { get; }

    /// <inheritdoc/>
    public override LinearLayer Head => head;

    /// <inheritdoc/>
    public override string HeadName => "lm_head";

    /// <inheritdoc/>
    protected override nn.Module HeadOwner => this;

    /// <inheritdoc/>
    public override IEnumerable<Parameter> VisionTowerParameters => tower.parameters();

    /// <inheritdoc/>
    public override VisionFeatures EncodeImages(ImageInputs images) => new(tower.Forward(images.PixelValues).tanh(), [], images.Images);

    /// <inheritdoc/>
    public override ImageEmbeddings ProjectImages(VisionFeatures features) =>
        new(projector.Forward(features.Hidden).reshape(-1, HiddenSize), [], features.Images);

    /// <inheritdoc/>
    public override (Tensor Positions, Tensor Deltas_B1) Positions(Tensor inputIds_BL, Tensor mask_BL, IReadOnlyList<ImageGeometry> images) =>
        ((mask_BL.to(ScalarType.Int64).cumsum(1) - 1).clamp(min: 0), zeros([mask_BL.shape[0], 1], ScalarType.Int64, mask_BL.device));

    /// <inheritdoc/>
    public override Tensor Hidden(
        Tensor inputIds_BL, Tensor mask_BL, Tensor positions, ImageEmbeddings? images, KeyValueCache? cache = null, long from = 0,
        AnswerBranches? branches = null)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor embeddings, _) = Decoder.Embed(inputIds_BL, ImageTokenId, images, strict: cache is null || cache.Length == 0);
        return Decoder.Forward(embeddings, mask_BL, positions, cache, from: from, branches: branches).MoveToOuterDisposeScope();
    }
}
