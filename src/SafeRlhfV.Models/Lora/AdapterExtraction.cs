using SafeRlhfV.Objectives;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// Writes what training has changed in a whole model as an adapter on the model that it started from: the best low-rank products for the matrices of the
/// language model's blocks (by singular values), and whole copies of all else that changed.
/// </summary>
public static class AdapterExtraction
{
    // the sketch of a large matrix is a little wider than the rank, and sharpened by a few products (Halko, Martinsson, Tropp 2011)
    private const int Spare = 16, Sharpenings = 4;

    /// <summary>Writes the adapter's folder; a score head goes along.</summary>
    /// <param name="folder">The trained model.</param>
    /// <param name="start">The model that it was trained from.</param>
    /// <param name="rank">Rank of the products.</param>
    /// <param name="to">The adapter's folder.</param>
    /// <param name="overwrite">Replace the folder if it exists.</param>
    /// <returns>The share of the matrices' change (squared Frobenius norm) that the rank keeps: 1 = all.</returns>
    /// <exception cref="InvalidInputException">The models are no pair, nothing differs, or the folder cannot be written.</exception>
    public static double Extract(string folder, string start, int rank, string to, bool overwrite = false)
    {
        LoadOptions frozen = new() { RequiresGradient = false };
        using VisionLanguageModel trained = ModelCheckpoint.Load(folder, frozen);
        // training has rounded what it did not change to its own type, and begun from the rounded rest
        using VisionLanguageModel below = ModelCheckpoint.Load(start, frozen with { Dtype = trained.parameters().First().dtype });
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        // an adapter with an output layer of its own unties the two as training did
        if (!trained.Config.TieWordEmbeddings) below.Untie();
        CheckPair(below, trained, folder, start);
        using LoraAdapter adapter = Build(below, trained, rank, Path.GetFullPath(start), out double kept, out bool differs);
        if (!differs) throw new InvalidInputException($"{folder}: its weights are those of {start}; there is nothing to extract.");
        adapter.Save(to, overwrite, aside => CopyHead(folder, trained.HiddenSize, aside));
        return kept;
    }

    /// <summary>The best product of a rank for a change [out, in]: A [rank, in], B [out, rank].</summary>
    internal static (Tensor A, Tensor B) Factors(Tensor change_OI, int rank, ulong seed)
    {
        long least = Math.Min(change_OI.shape[0], change_OI.shape[1]), width = Math.Min(least, rank + Spare);
        using torch.Generator generator = new(seed);
        Tensor basis_OW = linalg.qr(change_OI.matmul(randn([change_OI.shape[1], width], generator: generator))).Q;
        for (int i = 0; i < (width == least ? 0 : Sharpenings); i++)
            basis_OW = linalg.qr(change_OI.matmul(linalg.qr(change_OI.t().matmul(basis_OW)).Q)).Q;
        (Tensor u_WW, Tensor s_W, Tensor vh_WI) = linalg.svd(basis_OW.t().matmul(change_OI), fullMatrices: false);
        long most = Math.Min(rank, width);
        Tensor root_R = s_W.narrow(0, 0, most).sqrt();
        Tensor a_RI = zeros([rank, change_OI.shape[1]]), b_OR = zeros([change_OI.shape[0], rank]);
        a_RI.narrow(0, 0, most).copy_(root_R.unsqueeze(1) * vh_WI.narrow(0, 0, most));
        b_OR.narrow(1, 0, most).copy_(basis_OW.matmul(u_WW.narrow(1, 0, most)) * root_R);
        return (a_RI, b_OR);
    }

    private static void CopyHead(string folder, int hiddenSize, string to)
    {
        if (!ScoreHead.IsIn(folder)) return;
        using ScoreHead head = ScoreHead.Load(folder, hiddenSize);
        head.Save(to);
        if (ModelKinds.Of(folder) is { } kind and not ModelKind.Policy) ModelKinds.Save(to, kind, ModelKinds.Heads(folder));
        if (Path.Combine(folder, GuardConfig.FileName) is var guard && File.Exists(guard)) CheckpointFolder.Copy(guard, to);
    }

    private static LoraAdapter Build(VisionLanguageModel below, VisionLanguageModel trained, int rank, string start, out double kept, out bool differs)
    {
        KeyLayout layout = LoraAdapter.InMemory(below);
        LoraConfig plain = LoraConfig.ForLanguageModel(rank, rank);
        bool IsTarget(string module, AdaptedLayer layer) => layer is LinearLayer && plain.Targets(layout.Module(module));
        (string Module, AdaptedLayer Layer, AdaptedLayer Other)[] all =
            [.. below.Adapters.Modules.Select(entry => (entry.Key, entry.Value, trained.Adapters.Modules[entry.Key]))];
        HashSet<string> changed = [.. all.Where(one => Differ(one.Layer, one.Other)).Select(one => one.Module)];
        bool biases = all.Any(one => IsTarget(one.Module, one.Layer) && Differ(one.Layer, one.Other, "bias"));
        LoraConfig config = plain with
        {
            BaseModel = start,
            Biases = biases ? "lora_only" : "none",
            ModulesToSave = [.. all.Where(one => changed.Contains(one.Module) && !IsTarget(one.Module, one.Layer)).Select(one => layout.Module(one.Module))],
        };
        LoraAdapter adapter = new(below, "extracted", config);
        (double before, double after) = (0, 0);
        foreach ((string module, AdaptedLayer layer, AdaptedLayer other) in all)
        {
            using DisposeScope scope = NewDisposeScope();
            string key = LoraAdapter.Prefix + layout.Module(module);
            bool target = IsTarget(module, layer);
            if (target)
            {
                Tensor change_OI = Wide(((LinearLayer)other).Weight) - Wide(((LinearLayer)layer).Weight);
                (Tensor a_RI, Tensor b_OR) = Factors(change_OI, rank, new RandomStream(rank, key).NextUInt64() >> 1);
                before += SquaredLength(change_OI);
                after += SquaredLength(change_OI - b_OR.matmul(a_RI));
                adapter.Add($"{key}.lora_A.weight", a_RI);
                adapter.Add($"{key}.lora_B.weight", b_OR);
            }
            foreach ((string name, Parameter value) in other.Own)
                if (target ? name == "bias" && biases : changed.Contains(module)) adapter.Add($"{key}.{name}", value.clone());
        }
        (kept, differs) = (before > 0 ? 1 - (after / before) : 1, changed.Count > 0);
        return adapter;
    }

    private static double SquaredLength(Tensor change) => change.Squared().sum().item<float>();

    private static void CheckPair(VisionLanguageModel below, VisionLanguageModel trained, string folder, string start)
    {
        Dictionary<string, Parameter> theirs = trained.named_parameters().ToDictionary(one => one.name, one => one.parameter);
        HashSet<IntPtr> adapted = [.. below.Adapters.Modules.Values.SelectMany(layer => layer.Own).Select(own => own.Value.Handle)];
        if (below.Config.ModelType != trained.Config.ModelType)
            throw new InvalidInputException($"{folder}: it is another kind of model ({trained.Config.ModelType}) than {start} ({below.Config.ModelType}).");
        if (below.Config.TieWordEmbeddings != trained.Config.TieWordEmbeddings)
            throw new InvalidInputException($"{folder}: its output layer is its embedding table, and {start} has one of its own; it was not trained from that "
                + "model.");
        foreach ((string name, Parameter own) in below.named_parameters())
        {
            if (!theirs.Remove(name, out Parameter? other) || !own.shape.SequenceEqual(other.shape))
                throw new InvalidInputException($"{folder}: '{name}' is not there or has another size than in {start}; it was not trained from that model.");
            if (!adapted.Contains(own.Handle) && !Same(own, other))
                throw new InvalidInputException($"{folder}: '{name}' differs from that of {start}, and an adapter cannot change it.");
        }
        if (theirs.Count > 0) throw new InvalidInputException($"{folder}: {start} has no '{theirs.Keys.First()}'; it was not trained from that model.");
    }

    private static bool Differ(AdaptedLayer layer, AdaptedLayer other, string? name = null) =>
        layer.Own.Zip(other.Own).Any(pair => (name is null || pair.First.Name == name) && !Same(pair.First.Value, pair.Second.Value));

    private static bool Same(Tensor a, Tensor b)
    {
        using Tensor wideA = Wide(a), wideB = Wide(b);
        return wideA.equal(wideB).all().item<bool>();
    }

    private static Tensor Wide(Tensor weight) => weight.to(ScalarType.Float32, copy: true);
}
