using SafeRlhfV.Processing;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>What a vision tower gives for some images, before projector or merger. A frozen tower's features can be kept and used again.</summary>
/// <param name="Hidden">CLIP [rows, patches, vision hidden] after feature selection; Qwen [patches, vision hidden]. Rows as in
/// <see cref="ImageInputs"/>.</param>
/// <param name="Levels">Hidden states of intermediate blocks for deepstack (Qwen3-VL), shaped as Hidden; empty elsewhere.</param>
/// <param name="Images">One entry an image, in order.</param>
public sealed record VisionFeatures(Tensor Hidden, IReadOnlyList<Tensor> Levels, IReadOnlyList<ImageGeometry> Images);
