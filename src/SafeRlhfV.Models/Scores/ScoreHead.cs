using SafeRlhfV.Objectives;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// A linear head without bias on the last hidden states: reward, cost, value, or several classes at once. It may be an ensemble of k such heads, whose scores
/// lie side by side: output o of head h is number o·k + h.
/// </summary>
public sealed class ScoreHead : NamedModule
{
    /// <summary>The head's file in a checkpoint folder.</summary>
    public const string FileName = "score_head.safetensors";

    /// <summary>The key of its matrix.</summary>
    public const string Key = "score.weight";

    /// <summary>The key of its matrix in a folder that vLLM serves (<see cref="ClassifierExport"/>).</summary>
    public const string ServedKey = "language_model.score.weight";

    private readonly Parameter weight;

    private ScoreHead(Tensor value, ModelKind? kind, int heads) : base(nameof(ScoreHead))
    {
        (Kind, Heads) = (kind, heads);
        weight = new Parameter(value, true);
        weight.DetachFromDisposeScope();
        register_parameter("weight", weight);
    }

    /// <summary>The matrix, [outputs × heads, H].</summary>
    public Parameter Weight => weight;

    /// <summary>What its numbers stand for; null = its folder does not say.</summary>
    public ModelKind? Kind { get; }

    /// <summary>k: heads of the ensemble; 1 = a single head.</summary>
    public int Heads { get; }

    /// <summary>How many numbers each head gives for each token.</summary>
    public int Outputs => (int)weight.shape[0] / Heads;

    /// <summary>A new head, N(0, deviation²) by its seed; the heads of an ensemble have random streams of their own.</summary>
    /// <param name="hiddenSize">Width of the hidden states.</param>
    /// <param name="outputs">Numbers for each token.</param>
    /// <param name="seed">Decides the weights, together with <paramref name="name"/>.</param>
    /// <param name="name">The head's name.</param>
    /// <param name="deviation">Standard deviation of the weights.</param>
    /// <param name="dtype">Type of the weights.</param>
    /// <param name="device">Device; null = CPU.</param>
    /// <param name="kind">What its numbers stand for; null leaves that open.</param>
    /// <param name="heads">Heads of the ensemble; more than 1 only where the kind is known.</param>
    public static ScoreHead Create(int hiddenSize, int outputs, long seed, string name = "score", double deviation = 0.02,
        ScalarType dtype = ScalarType.Float32, Device? device = null, ModelKind? kind = null, int heads = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(heads, 1);
        if (heads > 1 && kind is null) throw new ArgumentException("The folder of an ensemble says what its heads score.", nameof(kind));
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        Tensor[] values = [.. Enumerable.Range(0, heads).Select(head =>
        {
            using torch.Generator generator = new(new RandomStream(seed, head == 0 ? $"head/{name}" : $"head/{name}/{head}").NextUInt64() >> 1);
            return empty(outputs, hiddenSize, ScalarType.Float32).normal_(0, deviation, generator);
        })];
        return new ScoreHead(stack(values, 1).reshape(outputs * heads, hiddenSize).to(dtype, device ?? CPU), kind, heads);
    }

    /// <summary>A single head whose scores are the means of this one's first heads.</summary>
    /// <param name="first">How many; null = all.</param>
    public ScoreHead Mean(int? first = null)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        return new ScoreHead(weight.reshape(Outputs, Heads, weight.shape[1]).narrow(1, 0, first ?? Heads).mean([1]), Kind, 1);
    }

    /// <summary>The cost's part of a head of both scores, with as many heads.</summary>
    public ScoreHead CostOfBoth()
    {
        using IDisposable noGrad = no_grad();
        return new ScoreHead(weight.narrow(0, Heads, Heads).clone(), ModelKind.Cost, Heads);
    }

    /// <summary>End scores of a batch, [B] or [B, outputs × heads], as one score for each output.</summary>
    /// <param name="scores">What <see cref="Forward"/> gives.</param>
    /// <param name="pessimism">c of <see cref="EnsembleScores"/>; 0 = the mean.</param>
    /// <returns>For each output, reward first.</returns>
    public IReadOnlyList<EnsembleScores> Join(Tensor scores, double pessimism = 0)
    {
        Tensor scores_BN = scores.dim() == 1 ? scores.unsqueeze(1) : scores;
        return [.. Enumerable.Range(0, Outputs).Select(output => EnsembleScores.Of(
            scores_BN.narrow(1, output * Heads, Heads).transpose(0, 1), pessimism,
            Kind == ModelKind.Cost || Kind == ModelKind.Scores && output == 1 ? ScoreRole.Cost : ScoreRole.Reward))];
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
            throw Absent(folder);
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

    /// <summary>Refuses a folder without a score head, before the model beside it is read.</summary>
    /// <exception cref="InvalidInputException">There is none, or the weights are malformed.</exception>
    public static void Check(string folder)
    {
        if (!IsIn(folder)) throw Absent(folder);
    }

    private static InvalidInputException Absent(string folder) =>
        new($"{folder}: there is no score head (neither {FileName} nor a tensor '{Key}'); this is no reward or cost model.");

    /// <summary>The key of the head among a model's weights; null where there is none.</summary>
    internal static string? KeyIn(CheckpointTensors tensors) =>
        tensors.Names.Contains(Key) ? Key : tensors.Names.Contains(ServedKey) ? ServedKey : null;

    /// <summary>Rows of the head's matrix in a checkpoint folder: outputs of all heads; 0 if it has none.</summary>
    internal static int RowsIn(string folder, CheckpointTensors tensors)
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
        if (Kind is { } kind) ModelKinds.Save(folder, kind, Heads);
    }

    /// <summary>Scores of hidden states [..., H]: [...] with one output of one head, else [..., outputs × heads].</summary>
    public Tensor Forward(Tensor hidden) => EndScores.PerState(hidden, weight);

    private static ScoreHead FromFile(string folder, WeightFile file, int hiddenSize, ScalarType? dtype, Device? device, string key = Key)
    {
        if (!file.Entries.TryGetValue(key, out TensorEntry? entry)) throw new InvalidInputException($"{file.Path}: there is no tensor '{key}' in it.");
        if (entry.Shape.Count != 2 || entry.Shape[1] != hiddenSize || entry.Shape[0] < 1)
            throw new InvalidInputException($"{file.Path}: '{key}' is [{string.Join(", ", entry.Shape)}], [outputs, {hiddenSize}] is needed.");
        ModelKind? kind = ModelKinds.Of(folder);
        int heads = kind is null ? 1 : ModelKinds.Heads(folder);
        if (kind is { } stated && ModelKinds.Outputs(stated) * heads != entry.Shape[0])
            throw new InvalidInputException($"{folder}: it is said to be {ModelKinds.Name(stated)}{(heads > 1 ? $" with {heads} heads" : "")}, and its score "
                + $"head has {entry.Shape[0]} output{(entry.Shape[0] == 1 ? "" : "s")} instead of {ModelKinds.Outputs(stated) * heads}.");
        using DisposeScope scope = NewDisposeScope();
        Tensor value = empty([.. entry.Shape], dtype ?? entry.Dtype, device ?? CPU);
        file.ReadInto(key, value);
        if (!value.isfinite().all().item<bool>())
            throw new InvalidInputException($"{file.Path}: '{key}' has numbers that are not finite; the score head is broken.");
        return new ScoreHead(value, kind, heads);
    }
}
