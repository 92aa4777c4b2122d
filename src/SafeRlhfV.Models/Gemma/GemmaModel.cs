using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Gemma 3: a SigLIP tower with its last norm, a projector that averages patches, and a decoder that sees the tokens of an image both ways.</summary>
public sealed class GemmaModel : TowerModel
{
    private readonly int blocks;
    private readonly SiglipTower tower;
    private readonly GemmaProjector projector;

    /// <summary>Takes its parameters under the hub's names (language_model.model.*, vision_tower.vision_model.*, multi_modal_projector.*).</summary>
    public GemmaModel(GemmaConfig config, ParameterSource source)
        : this(config, source, new(source.At("vision_tower.vision_model"), config.Vision), new(source.At("multi_modal_projector"), config))
    {
    }

    private GemmaModel(GemmaConfig config, ParameterSource source, SiglipTower tower, GemmaProjector projector)
        : base(nameof(GemmaModel), config, source, tower, projector) =>
        (blocks, this.tower, this.projector) = (config.Vision.Layers, tower, projector);

    /// <inheritdoc/>
    public override VisionFeatures EncodeImages(ImageInputs images)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor last = tower.Forward(images.PixelValues, [blocks])[0];
        return new VisionFeatures(tower.Norm(last).MoveToOuterDisposeScope(), [], images.Images);
    }

    /// <inheritdoc/>
    public override ImageEmbeddings ProjectImages(VisionFeatures features)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor tokens_TH = projector.Forward(features.Hidden).reshape(-1, HiddenSize);
        return new ImageEmbeddings(tokens_TH.MoveToOuterDisposeScope(), [], features.Images);
    }
}
