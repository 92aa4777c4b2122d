using SafeRlhfV.Processing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>LLaVA-1.5 and LLaVA-NeXT: CLIP tower, projector, Llama or Mistral decoder. NeXT adds tiles, unpadding and a newline vector.</summary>
public sealed class LlavaModel : LlavaModelBase
{
    private readonly LlavaConfig config;
    private readonly ClipTower tower;

    /// <summary>Takes its parameters under the hub's names (language_model.model.*, vision_tower.vision_model.*, ...).</summary>
    public LlavaModel(LlavaConfig config, ParameterSource source)
        : this(config, source, new ClipTower(source.At("vision_tower.vision_model"), config.Vision)) { }

    private LlavaModel(LlavaConfig config, ParameterSource source, ClipTower tower)
        : base(nameof(LlavaModel), config, source, tower,
            new LlavaProjector(source.At("multi_modal_projector"), config.Vision.HiddenSize * config.FeatureStates.Count, config.Text.HiddenSize,
                config.ProjectorActivation, config.ProjectorBias),
            hasNewline: config.GridPinpoints.Count > 0) => (this.config, this.tower) = (config, tower);

    /// <inheritdoc/>
    public override VisionFeatures EncodeImages(ImageInputs images)
    {
        using DisposeScope scope = NewDisposeScope();
        IReadOnlyList<Tensor> states = tower.Forward(images.PixelValues, config.FeatureStates);
        Tensor features = states.Count == 1 ? states[0] : cat([.. states], -1);
        if (!config.KeepClassToken) features = features.narrow(1, 1, features.shape[1] - 1);
        return new VisionFeatures(features.MoveToOuterDisposeScope(), [], images.Images);
    }

    private protected override Tensor Pack(Tensor projected_RPH, IReadOnlyList<ImageGeometry> images) => Newline_H is null
        ? projected_RPH.reshape(-1, HiddenSize)
        : TilePacking.Pack(projected_RPH, images, Newline_H, new TileGrid(config.Vision.ImageSize, config.Vision.GridSize, config.GridPinpoints));
}
