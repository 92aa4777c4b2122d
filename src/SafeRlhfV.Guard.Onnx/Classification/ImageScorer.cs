using Microsoft.ML.OnnxRuntime.Tensors;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Guard.Onnx;

/// <summary>An image classifier.</summary>
internal sealed class ImageScorer : ImageWiseScorer
{
    private const string Input = "pixel_values";
    private const int MostInBatch = 8;

    private readonly OnnxSession session;
    private readonly ClassifierImageProcessor processor;
    private readonly LabelActivation activation;
    private readonly int batch;

    /// <exception cref="InvalidInputException">The model does not take what the processor makes.</exception>
    public ImageScorer(OnnxFile file, ClassifierImageProcessor processor, IReadOnlyList<string> labels, LabelActivation activation, int threads)
    {
        (this.processor, this.activation, Labels) = (processor, activation, labels);
        session = OnnxSession.Open(file, threads, [Input], TensorElementType.Float, "logits", rank: 2);
        int[] shape = session.Inputs[Input];
        if (shape is not [var fixedBatch, var channels, var height, var width]) throw session.Error($"its input {Input} has {shape.Length} axes instead of 4");
        if (channels is not (3 or -1)) throw session.Error($"its input {Input} has {channels} channels instead of 3");
        if (processor.OutputSize is { } size && ((height > 0 && height != size.Height) || (width > 0 && width != size.Width)))
            throw session.Error($"takes {width} x {height} pixels, but preprocessor_config.json makes {size.Width} x {size.Height}");
        CheckLabels(session, labels.Count);
        batch = fixedBatch == 1 || file.IsDynamicallyQuantised ? 1 : MostInBatch;
    }

    public override IReadOnlyList<string> Labels { get; }

    /// <summary>The model's numbers for each image.</summary>
    public float[][] Logits(IReadOnlyList<RgbImage> images, CancellationToken cancellationToken)
    {
        float[][] found = new float[images.Count][];
        for (int start = 0, count; start < images.Count; start += count)
        {
            cancellationToken.ThrowIfCancellationRequested();
            (float[] Values, int Height, int Width)[] ready =
                [.. images.Skip(start).Take(processor.OutputSize is null ? 1 : batch).Select(processor.Process)];
            count = ready.Length;
            float[] planes = [.. ready.SelectMany(one => one.Values)];
            (float[] values, long[] shape) = session.Run<float>([Input], [planes], [count, 3, ready[0].Height, ready[0].Width]);
            CheckRows(session, shape, count, Labels.Count);
            for (int i = 0; i < count; i++) found[start + i] = values[(i * Labels.Count)..((i + 1) * Labels.Count)];
        }
        return found;
    }

    public override void Dispose() => session.Dispose();

    protected override double[][] ScoreImages(IReadOnlyList<RgbImage> images, CancellationToken cancellationToken) =>
        [.. Logits(images, cancellationToken).Select(logits => Probabilities(session, activation, logits))];
}
