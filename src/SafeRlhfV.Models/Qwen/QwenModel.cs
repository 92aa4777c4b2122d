using SafeRlhfV.Processing;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Qwen2-VL, Qwen2.5-VL and Qwen3-VL: vision tower with mergers, Qwen2 or Qwen3 decoder with positions on three axes.</summary>
public sealed class QwenModel : VisionLanguageModel
{
    private readonly QwenVisionTower tower;
    private readonly TextDecoder decoder;
    private readonly LinearLayer head;
    private readonly int mergeSize;

    /// <summary>Takes its parameters under the newest names (model.visual.*, model.language_model.*, lm_head.weight).</summary>
    public QwenModel(QwenConfig config, ParameterSource source) : base(nameof(QwenModel), config)
    {
        mergeSize = config.Vision.MergeSize;
        tower = new(source.At("model.visual"), config.Vision);
        decoder = new(source.At("model.language_model"), config.Text);
        register_module("model", new ModuleGroup(("visual", tower), ("language_model", decoder)));
        head = config.TieWordEmbeddings ? new(decoder.Embedding, config.Text.HiddenSize, config.Text.VocabularySize)
            : new(source.At("lm_head"), config.Text.HiddenSize, config.Text.VocabularySize, false);
        if (!config.TieWordEmbeddings) register_module("lm_head", head);
    }

    /// <inheritdoc/>
    public override TextDecoder Decoder => decoder;

    /// <inheritdoc/>
    public override IEnumerable<Parameter> VisionTowerParameters => tower.TowerParameters;

    /// <inheritdoc/>
    public override VisionFeatures EncodeImages(ImageInputs images) => tower.Encode(images);

    /// <inheritdoc/>
    public override ImageEmbeddings ProjectImages(VisionFeatures features) => tower.Merge(features);

    /// <inheritdoc/>
    public override (Tensor Positions, Tensor Deltas_B1) Positions(Tensor inputIds_BL, Tensor mask_BL, IReadOnlyList<ImageGeometry> images)
    {
        (int rows, int columns) = ((int)inputIds_BL.shape[0], (int)inputIds_BL.shape[1]);
        using DisposeScope scope = NewDisposeScope();
        (long[] positions, long[] deltas) = QwenPositions.Compute(
            inputIds_BL.cpu().reshape(-1).data<long>().ToArray(), mask_BL.to(ScalarType.Bool).cpu().reshape(-1).data<bool>().ToArray(), rows, columns,
            ImageTokenId, mergeSize, images);
        return (tensor(positions, device: inputIds_BL.device).view(3, rows, columns).MoveToOuterDisposeScope(),
            tensor(deltas, device: inputIds_BL.device).view(rows, 1).MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    public override Tensor Hidden(Tensor inputIds_BL, Tensor mask_BL, Tensor positions, ImageEmbeddings? images, KeyValueCache? cache = null, long from = 0,
        AnswerBranches? branches = null)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor embeddings, Tensor? places_T) = decoder.Embed(inputIds_BL, ImageTokenId, images, strict: cache is null || cache.Length == 0);
        return decoder.Forward(embeddings, mask_BL, positions, cache, images?.DeepStack, places_T, from, branches).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override LinearLayer Head => head;

    /// <inheritdoc/>
    public override string HeadName => "lm_head";

    /// <inheritdoc/>
    protected override nn.Module HeadOwner => this;
}
