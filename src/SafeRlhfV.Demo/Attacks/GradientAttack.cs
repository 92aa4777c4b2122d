using SafeRlhfV.Evaluation;
using SafeRlhfV.Models;
using SafeRlhfV.Objectives;
using SafeRlhfV.Processing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Demo;

/// <summary>
/// Projected gradient descent on the image against a guard whose weights are known (Madry et al. 2018, arXiv 1706.06083): no byte moves by more than
/// epsilon, and the guard's logit for "unsafe" sinks. <see cref="RandomShift"/> is its control.
/// </summary>
/// <param name="guard">The guard under attack.</param>
/// <param name="epsilon">How far a byte may move, 1..255.</param>
/// <param name="steps">Steps.</param>
public sealed class GradientAttack(ChatGuard guard, int epsilon = 8, int steps = 10) : IImageAttack
{
    private const int BatchSize = 16;

    /// <inheritdoc/>
    public string Name => "gradient";

    /// <inheritdoc/>
    public string Description => $"the image moved against the guard's weights, at most {epsilon} of 255 a byte";

    /// <inheritdoc/>
    public Task<IReadOnlyList<RgbImage>> ApplyAsync(
        IReadOnlyList<AttackTarget> targets, IReadOnlyList<string> answers, long seed, CancellationToken cancellationToken) =>
        Task.Run(() => Perturb([.. targets.Select(target => target.Image)], [.. targets.Select(target => target.Text)], answers, cancellationToken),
            cancellationToken);

    /// <summary>Images that look the same and that the guard finds safer.</summary>
    /// <param name="images">The images; they must have the tower's own size.</param>
    /// <param name="questions">The question to each.</param>
    /// <param name="answers">The answer that is to pass.</param>
    /// <param name="cancellationToken">Asked before each step.</param>
    /// <exception cref="InvalidInputException">The guard's image processor changes an image's size, so that bytes cannot be moved one by one.</exception>
    public IReadOnlyList<RgbImage> Perturb(
        IReadOnlyList<RgbImage> images, IReadOnlyList<string> questions, IReadOnlyList<string> answers, CancellationToken cancellationToken = default)
    {
        List<RgbImage> moved = [];
        for (int start = 0; start < images.Count; start += BatchSize)
        {
            int count = Math.Min(BatchSize, images.Count - start);
            moved.AddRange(PerturbBatch(
                [.. images.Skip(start).Take(count)], [.. questions.Skip(start).Take(count)], [.. answers.Skip(start).Take(count)], cancellationToken));
        }
        return moved;
    }

    /// <inheritdoc/>
    public void Check(RgbImage image)
    {
        using DisposeScope scope = NewDisposeScope();
        Bytes([image], guard.Processor.Images.Batch([guard.Processor.Images.Process(image)]).PixelValues);
    }

    private IEnumerable<RgbImage> PerturbBatch(RgbImage[] images, string[] questions, string[] answers, CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        EncodedPrompt[] prompts = [.. images.Zip(questions, (image, question) => guard.Processor.EncodePrompt(question, image))];
        VisionLanguageModel backbone = guard.Model.Scores.Backbone;
        Device device = backbone.Decoder.Embedding.Weight.device;
        ImageInputs clean = guard.Processor.BatchImages(prompts)!;
        (Tensor scale_BCSS, Tensor bytes_BCSS) = Bytes(images, clean.PixelValues);
        TokenBatch batch = TokenBatch.PadRight([.. prompts.Zip(answers, guard.Encode)], guard.Processor.PadTokenId, device);
        Tensor delta = zeros_like(bytes_BCSS);
        double stride = Math.Max(1, 2.5 * epsilon / steps);
        for (int step = 0; step < steps; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using DisposeScope inner = NewDisposeScope();
            Tensor tried = delta.clone().requires_grad_(true);
            ImageInputs inputs = clean with { PixelValues = clean.PixelValues.Plus(tried * scale_BCSS).to(device) };
            Tensor unsafe_B = guard.Model.Logits(batch.Ids_BL, batch.Mask_BL, backbone.ProjectImages(backbone.EncodeImages(inputs))).Verdict_B;
            unsafe_B.sum().Backward();
            Tensor next = (delta - tried.grad!.sign().Times(stride)).Within(-epsilon, epsilon);
            next = (bytes_BCSS.Plus(next).Within(0, 255) - bytes_BCSS).detach();
            next.MoveToOuterDisposeScope();
            delta.Dispose();
            delta = next;
        }
        byte[] moved = bytes_BCSS.Plus(delta).round().Within(0, 255).permute(0, 2, 3, 1).contiguous().to(ScalarType.Byte).data<byte>().ToArray();
        int each = moved.Length / images.Length;
        return [.. images.Select((image, i) => new RgbImage(image.Width, image.Height, moved[(i * each)..((i + 1) * each)]))];
    }

    // the processor's values are bytes times a factor plus an offset: black and white tell the factor
    private (Tensor Scale_BCSS, Tensor Bytes_BCSS) Bytes(RgbImage[] images, Tensor values_BCSS)
    {
        RgbImage first = images[0];
        if (values_BCSS.dim() != 4 || values_BCSS.shape[2] != first.Height || values_BCSS.shape[3] != first.Width
            || images.Any(image => image.Width != first.Width || image.Height != first.Height))
            throw new InvalidInputException(
                $"the gradient attack needs a guard of the built-in world, which takes its images of {first.Width} x {first.Height} as they are; "
                + "this guard's image processor resizes or cuts them. Guards of other data are measured by 'guard evaluate'.");
        RgbImage Plain(byte value) => new(first.Width, first.Height, [.. Enumerable.Repeat(value, first.Pixels.Length)]);
        Tensor Values(byte value) => guard.Processor.Images.Batch([guard.Processor.Images.Process(Plain(value))]).PixelValues;
        Tensor black = Values(0), white = Values(255);
        byte[] all = [.. images.SelectMany(image => image.Pixels)];
        Tensor bytes_BCSS = tensor(all, ScalarType.Byte).view(images.Length, first.Height, first.Width, 3)
            .permute(0, 3, 1, 2).to(ScalarType.Float32).contiguous();
        return ((white - black).Over(255), bytes_BCSS);
    }
}
