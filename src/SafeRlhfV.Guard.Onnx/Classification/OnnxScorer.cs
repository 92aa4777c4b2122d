using SafeRlhfV.Processing;

namespace SafeRlhfV.Guard.Onnx;

/// <summary>A model that gives each of its labels a probability.</summary>
internal abstract class OnnxScorer : IDisposable
{
    /// <summary>The labels, in the model's order.</summary>
    public abstract IReadOnlyList<string> Labels { get; }

    /// <summary>The labels' probabilities for each request: the highest over all its images or windows; null where there is nothing to judge.</summary>
    /// <exception cref="InvalidInputException">An input cannot be judged, or the model gave no numbers.</exception>
    public abstract double[]?[] Score(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken);

    /// <summary>Frees the model.</summary>
    public abstract void Dispose();

    /// <summary>Opens the model of a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="options">How it is opened.</param>
    /// <param name="labels">What its labels mean; null: nobody says.</param>
    /// <exception cref="InvalidInputException">A file is missing or malformed, or they do not fit each other.</exception>
    public static OnnxScorer Open(string folder, OnnxOptions options, LabelFile? labels)
    {
        if (!Directory.Exists(folder)) throw new InvalidInputException($"{folder}: no such folder; give the folder of a model that was exported to ONNX.");
        OnnxKind kind = KindOf(folder, labels);
        if (kind == OnnxKind.Detector)
        {
            OnnxFile detector = OnnxFile.Read(OnnxFile.Find(folder, options.File));
            return new Detector(detector, LabelNames.OfDetector(folder, detector), labels?.Detector ?? new(), options.Threads);
        }
        ConfigReader config = ConfigReader.Open(Path.Combine(folder, "config.json"));
        IReadOnlyList<string> names = LabelNames.OfConfig(config, labels is not null);
        LabelActivation activation = ActivationOf(config, names.Count, labels);
        if (kind == OnnxKind.Image)
        {
            ClassifierImageProcessor processor = ClassifierImageProcessor.Load(folder);
            return new ImageScorer(OnnxFile.Read(OnnxFile.Find(folder, options.File)), processor, names, activation, options.Threads);
        }
        TextEncoder encoder = TextEncoder.Load(folder, config, labels?.Text ?? new());
        return new TextScorer(OnnxFile.Read(OnnxFile.Find(folder, options.File)), encoder, names, activation, options.Threads);
    }

    /// <summary>Lays an input's numbers over what was found before: the highest of both, label by label.</summary>
    protected static double[] Highest(double[]? before, double[] now)
    {
        if (before is null) return now;
        for (int i = 0; i < now.Length; i++) before[i] = Math.Max(before[i], now[i]);
        return before;
    }

    /// <summary>The probabilities of one row of the model's output.</summary>
    /// <exception cref="InvalidInputException">One is no number.</exception>
    protected static double[] Probabilities(OnnxSession session, LabelActivation activation, ReadOnlySpan<float> logits)
    {
        double[] found = activation.Apply(logits);
        return Array.TrueForAll(found, value => value is >= 0 and <= 1) ? found : throw session.Error("gave something that is no number");
    }

    /// <summary>Checks an output of [batch, labels] and gives the row of an input.</summary>
    protected static void CheckRows(OnnxSession session, long[] shape, int rows, int labels)
    {
        if (shape.Length != 2 || shape[0] != rows || shape[1] != labels)
            throw session.Error($"gave [{string.Join(", ", shape)}] numbers for {rows} inputs and {labels} labels");
    }

    /// <summary>Checks the number of labels where the file states it.</summary>
    protected static void CheckLabels(OnnxSession session, int labels)
    {
        if (session.OutputShape is [_, > 0 and var numbers] && numbers != labels)
            throw session.Error($"gives {numbers} numbers, but config.json names {labels} labels (id2label)");
    }

    private static OnnxKind KindOf(string folder, LabelFile? labels)
    {
        string configPath = Path.Combine(folder, "config.json");
        OnnxKind? shown = File.Exists(Path.Combine(folder, "tokenizer.json")) ? OnnxKind.Text
            : File.Exists(Path.Combine(folder, "preprocessor_config.json")) ? OnnxKind.Image
            : File.Exists(configPath) ? Architecture(ConfigReader.Open(configPath))
            : File.Exists(Path.Combine(folder, "labels.json")) ? OnnxKind.Detector : null;
        if (labels?.Kind is { } said)
        {
            return shown is null || shown == said || said == OnnxKind.Detector
                ? said
                : throw new InvalidInputException($"{labels.Path}: kind says {said.ToString().ToLowerInvariant()}, but {folder} holds a model of "
                    + $"{(shown == OnnxKind.Text ? "texts" : "images")}.");
        }
        return shown ?? throw new InvalidInputException(File.Exists(configPath)
            ? $"{configPath}: its architectures name no image or text classifier; say the kind in labels.yaml."
            : $"{configPath}: no such file; give the folder of a classifier with its config.json, or say 'kind: detector' in labels.yaml.");
    }

    private static OnnxKind? Architecture(ConfigReader config)
    {
        string name = config.Texts("architectures") is [var first, ..] ? first : "";
        return name.EndsWith("ForSequenceClassification", StringComparison.Ordinal) ? OnnxKind.Text
            : name.EndsWith("ForImageClassification", StringComparison.Ordinal) ? OnnxKind.Image : null;
    }

    // as transformers' pipelines choose
    private static LabelActivation ActivationOf(ConfigReader config, int labels, LabelFile? file)
    {
        string? problem = config.Has("problem_type") ? config.Text("problem_type") : null;
        LabelActivation activation = problem switch
        {
            "multi_label_classification" => LabelActivation.Sigmoid,
            null or "single_label_classification" => labels == 1 ? LabelActivation.Sigmoid : LabelActivation.Softmax,
            "regression" => throw config.Error("problem_type", "is regression, whose numbers are no probabilities"),
            _ => throw config.Error("problem_type", $"'{problem}' is not known"),
        };
        if (file?.Activation is { } said && said != activation)
            throw new InvalidInputException($"{file.Path}: activation says {said.ToString().ToLowerInvariant()}, but config.json makes it "
                + $"{activation.ToString().ToLowerInvariant()}.");
        return activation;
    }
}
