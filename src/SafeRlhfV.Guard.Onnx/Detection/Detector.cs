using Microsoft.ML.OnnxRuntime.Tensors;

namespace SafeRlhfV.Guard.Onnx;

/// <summary>
/// A detector in YOLO's style: [batch, 4 + labels, boxes], a box as its centre, width and height in pixels of the input. A label's score is that of its best
/// box.
/// </summary>
internal sealed class Detector : ImageWiseScorer
{
    private readonly OnnxSession session;
    private readonly DetectorSettings settings;
    private readonly string input;
    private readonly int size;

    /// <exception cref="InvalidInputException">The model is of another style, or has another number of labels.</exception>
    public Detector(OnnxFile file, IReadOnlyList<string> labels, DetectorSettings settings, int threads)
    {
        (Labels, this.settings) = (labels, settings);
        session = OnnxSession.Open(file, threads, null, TensorElementType.Float, "output0", rank: 3);
        (input, int[] shape) = session.Inputs.Single();
        if (shape is not [_, 3 or -1, var height, var width])
            throw session.Error($"its input {input} has the shape [{string.Join(", ", shape)}], not [batch, 3, H, W]");
        int? stated = height > 0 ? height : width > 0 ? width : null;
        if (height != width || (stated is { } own && settings.InputSize is { } said && own != said))
            throw session.Error($"takes {width} x {height} pixels, not the square of detector.input_size");
        size = stated ?? settings.InputSize ?? throw session.Error("does not say the size of its input; give detector.input_size in labels.yaml");
        if (session.OutputShape is [_, > 0 and var rows, _] && rows != 4 + labels.Count)
            throw session.Error($"gives {rows} numbers a box, but 4 and one for each of {labels.Count} labels were expected");
    }

    public override IReadOnlyList<string> Labels { get; }

    /// <summary>What is seen in an image, the surest first.</summary>
    public IReadOnlyList<DetectedBox> Detect(RgbImage image)
    {
        Letterbox fitted = Fit(image);
        return Choose(fitted, Run(fitted));
    }

    /// <summary>The image as the model's input.</summary>
    public Letterbox Fit(RgbImage image) => settings.IsCentred
        ? Letterbox.Centred(image, size, settings.PadValue ?? 114)
        : Letterbox.TopLeft(image, size, settings.PadValue ?? 0);

    /// <summary>The model's numbers, [4 + labels, boxes].</summary>
    public float[] Run(Letterbox fitted)
    {
        float[] planes = new float[3 * size * size];
        ReadOnlySpan<byte> pixels = fitted.Image.Pixels;
        for (int c = 0; c < 3; c++)
        {
            int from = settings.IsBgr ? 2 - c : c;
            for (int i = 0; i < size * size; i++) planes[c * size * size + i] = (float)(pixels[3 * i + from] * settings.Scale);
        }
        (float[] values, long[] shape) = session.Run<float>([input], [planes], [1, 3, size, size]);
        if (shape is not [1, var rows, _] || rows != 4 + Labels.Count)
            throw session.Error($"gave [{string.Join(", ", shape)}] numbers, not [1, {4 + Labels.Count}, boxes]");
        return Array.TrueForAll(values, float.IsFinite) ? values : throw session.Error("gave something that is no number");
    }

    public override void Dispose() => session.Dispose();

    protected override double[][] ScoreImages(IReadOnlyList<RgbImage> images, CancellationToken cancellationToken)
    {
        double[][] scores = new double[images.Count][];
        for (int i = 0; i < scores.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            scores[i] = new double[Labels.Count];
            foreach (DetectedBox box in Detect(images[i])) scores[i][box.Label] = Math.Max(scores[i][box.Label], Math.Clamp(box.Score, 0, 1));
        }
        return scores;
    }

    /// <summary>The boxes that count, in pixels of the image.</summary>
    public IReadOnlyList<DetectedBox> Choose(Letterbox fitted, float[] output)
    {
        int boxes = output.Length / (4 + Labels.Count);
        List<DetectedBox> found = [];
        for (int i = 0; i < boxes; i++)
        {
            int label = 0;
            for (int k = 1; k < Labels.Count; k++)
                if (output[(4 + k) * boxes + i] > output[(4 + label) * boxes + i]) label = k;
            float score = output[(4 + label) * boxes + i], width = output[2 * boxes + i], height = output[3 * boxes + i];
            if (score > settings.ScoreThreshold) found.Add(new(label, score, output[i] - width / 2, output[boxes + i] - height / 2, width, height));
        }

        // NudeNet clips before it compares boxes, Ultralytics after
        return settings.IsCentred
            ? [.. DetectedBox.Suppress(found, settings.Overlap, settings.IsPerClass ?? true).Select(box => Cut(box, fitted))]
            : DetectedBox.Suppress(found.Select(box => CutCorner(box, fitted)), settings.Overlap, settings.IsPerClass ?? false);
    }

    // the corner is moved into the image first, so that a box which begins left of it keeps its width
    private static DetectedBox CutCorner(DetectedBox box, Letterbox fitted)
    {
        float scale = (float)(1 / fitted.Scale);
        float x = Math.Clamp(box.X * scale, 0, fitted.Source.Width), y = Math.Clamp(box.Y * scale, 0, fitted.Source.Height);
        float width = Math.Min(box.Width * scale, fitted.Source.Width - x), height = Math.Min(box.Height * scale, fitted.Source.Height - y);
        return box with { X = x, Y = y, Width = width, Height = height };
    }

    private static DetectedBox Cut(DetectedBox box, Letterbox fitted)
    {
        float left = Across(box.X), top = Down(box.Y), right = Across(box.X + box.Width), bottom = Down(box.Y + box.Height);
        return box with { X = left, Y = top, Width = right - left, Height = bottom - top };

        float Across(float x) => Math.Clamp((float)((x - fitted.Left) / fitted.Scale), 0, fitted.Source.Width);
        float Down(float y) => Math.Clamp((float)((y - fitted.Top) / fitted.Scale), 0, fitted.Source.Height);
    }
}
