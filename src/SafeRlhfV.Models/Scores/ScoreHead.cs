using SafeRlhfV.Objectives;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>A linear head without bias on the last hidden states: reward, cost, value, or several classes at once.</summary>
public sealed class ScoreHead : NamedModule
{
    /// <summary>The head's file in a checkpoint folder.</summary>
    public const string FileName = "score_head.safetensors";

    /// <summary>The key of its matrix.</summary>
    public const string Key = "score.weight";

    /// <summary>The key of its matrix in a folder that vLLM serves (<see cref="ClassifierExport"/>).</summary>
    public const string ServedKey = "language_model.score.weight";

    private readonly Parameter weight;

    private ScoreHead(Tensor value, ModelKind? kind) : base(nameof(ScoreHead))
    {
        Kind = kind;
        weight = new Parameter(value, true);
        weight.DetachFromDisposeScope();
        register_parameter("weight", weight);
    }

    /// <summary>The matrix, [outputs, H].</summary>
    public Parameter Weight => weight;

    /// <summary>What its numbers stand for; null = its folder does not say.</summary>
    public ModelKind? Kind { get; }

    /// <summary>How many numbers it gives for each token.</summary>
    public int Outputs => (int)weight.shape[0];

    /// <summary>A new head, N(0, deviation²) by its seed.</summary>
    /// <param name="hiddenSize">Width of the hidden states.</param>
    /// <param name="outputs">Numbers for each token.</param>
    /// <param name="seed">Decides the weights, together with <paramref name="name"/>.</param>
    /// <param name="name">The head's name.</param>
    /// <param name="deviation">Standard deviation of the weights.</param>
    /// <param name="dtype">Type of the weights.</param>
    /// <param name="device">Device; null = CPU.</param>
    /// <param name="kind">What its numbers stand for; null leaves that open.</param>
    public static ScoreHead Create(int hiddenSize, int outputs, long seed, string name = "score", double deviation = 0.02,
        ScalarType dtype = ScalarType.Float32, Device? device = null, ModelKind? kind = null)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        using torch.Generator generator = new(new RandomStream(seed, $"head/{name}").NextUInt64() >> 1);
        Tensor value = empty(outputs, hiddenSize, ScalarType.Float32).normal_(0, deviation, generator);
        return new ScoreHead(value.to(dtype, device ?? CPU), kind);
    }

    /// <summary>Reads the head of a checkpoint folder: its own file, or `score.weight` among the model's weights.</summary>
    /// <exception cref="InvalidInputException">There is none, or it does not fit.</exception>
    public static ScoreHead Load(string folder, int hiddenSize, ScalarType? dtype = null, Device? device = null)
    {
        string own = Path.Combine(folder, FileName);
        if (File.Exists(own))
        {
            using SafetensorsFile file = SafetensorsFile.Open(own);
            return FromFile(folder, file, hiddenSize, dtype, device);
        }
        using CheckpointTensors tensors = CheckpointTensors.Open(folder);
        if (KeyIn(tensors) is not { } key)
            throw new InvalidInputException($"{folder}: there is no score head (neither {FileName} nor a tensor '{Key}'); this is no reward or cost model.");
        return FromFile(folder, tensors.FileOf(key), hiddenSize, dtype, device, key);
    }

    /// <summary>Whether a folder has a score head: its own file, or `score.weight` among the model's weights.</summary>
    /// <exception cref="InvalidInputException">The weights are malformed.</exception>
    public static bool IsIn(string folder)
    {
        if (File.Exists(Path.Combine(folder, FileName))) return true;
        if (!CheckpointTensors.AreIn(folder)) return false;
        using CheckpointTensors tensors = CheckpointTensors.Open(folder);
        return KeyIn(tensors) is not null;
    }

    /// <summary>The key of the head among a model's weights; null where there is none.</summary>
    internal static string? KeyIn(CheckpointTensors tensors) =>
        tensors.Names.Contains(Key) ? Key : tensors.Names.Contains(ServedKey) ? ServedKey : null;

    /// <summary>Outputs of the head in a checkpoint folder; 0 if it has none.</summary>
    internal static int OutputsIn(string folder, CheckpointTensors tensors)
    {
        string own = Path.Combine(folder, FileName);
        if (!File.Exists(own)) return KeyIn(tensors) is { } key && tensors.Entry(key).Shape is [var outputs, _] ? (int)outputs : 0;
        using SafetensorsFile file = SafetensorsFile.Open(own);
        return file.Entries.TryGetValue(Key, out TensorEntry? entry) && entry.Shape.Count == 2 ? (int)entry.Shape[0] : 0;
    }

    /// <summary>Writes the head's file into a folder, and beside it what the head is.</summary>
    public void Save(string folder)
    {
        Directory.CreateDirectory(folder);
        SafetensorsWriter.Write(Path.Combine(folder, FileName), [KeyValuePair.Create(Key, (Tensor)weight)]);
        if (Kind is { } kind) ModelKinds.Save(folder, kind);
    }

    /// <summary>Scores of hidden states [..., H]: [...] with one output, else [..., outputs].</summary>
    public Tensor Forward(Tensor hidden) => EndScores.PerState(hidden, weight);

    private static ScoreHead FromFile(string folder, WeightFile file, int hiddenSize, ScalarType? dtype, Device? device, string key = Key)
    {
        if (!file.Entries.TryGetValue(key, out TensorEntry? entry)) throw new InvalidInputException($"{file.Path}: there is no tensor '{key}' in it.");
        if (entry.Shape.Count != 2 || entry.Shape[1] != hiddenSize || entry.Shape[0] < 1)
            throw new InvalidInputException($"{file.Path}: '{key}' is [{string.Join(", ", entry.Shape)}], [outputs, {hiddenSize}] is needed.");
        ModelKind? kind = ModelKinds.Of(folder);
        if (kind is { } stated && ModelKinds.Outputs(stated) != entry.Shape[0])
            throw new InvalidInputException($"{folder}: it is said to be {ModelKinds.Name(stated)}, and its score head has "
                + $"{entry.Shape[0]} output{(entry.Shape[0] == 1 ? "" : "s")} instead of {ModelKinds.Outputs(stated)}.");
        using DisposeScope scope = NewDisposeScope();
        Tensor value = empty([.. entry.Shape], dtype ?? entry.Dtype, device ?? CPU);
        file.ReadInto(key, value);
        if (!value.isfinite().all().item<bool>())
            throw new InvalidInputException($"{file.Path}: '{key}' has numbers that are not finite; the score head is broken.");
        return new ScoreHead(value, kind);
    }
}
