using SafeRlhfV.Objectives;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// One adapter on a model, as PEFT's LORA has them (Hu et al. 2021): W x + s B A x at chosen linear layers (with DoRA, magnitudes and biases of B), and whole
/// tensors in place of the
/// model's: modules_to_save, biases, rows of the embedding table. Loads and saves PEFT folders.
/// </summary>
public sealed class LoraAdapter : IDisposable
{
    /// <summary>What PEFT puts before a module's name.</summary>
    internal const string Prefix = "base_model.model.";

    private readonly Dictionary<LinearLayer, LoraPair> pairs = [];
    private readonly Dictionary<EmbeddingLayer, EmbeddingLora> embeddings = [];
    private readonly Dictionary<AdaptedLayer, TokenRows> rows = [];
    private readonly Dictionary<(AdaptedLayer Layer, string Name), Parameter> replaced = [];
    private readonly List<(string Key, Parameter Parameter)> named = [];
    private readonly VisionLanguageModel model;

    internal LoraAdapter(VisionLanguageModel model, string name, LoraConfig config) => (this.model, Name, Config) = (model, name, config);

    /// <summary>Its name on this model.</summary>
    public string Name { get; }

    /// <summary>Its settings.</summary>
    public LoraConfig Config { get; }

    /// <summary>Its parameters under PEFT's keys (base_model.model....lora_A.weight), in order of the model's layers.</summary>
    public IReadOnlyList<(string Key, Parameter Parameter)> NamedParameters => named;

    /// <summary>Its parameters, for an optimiser.</summary>
    public IEnumerable<Parameter> Parameters => named.Select(pair => pair.Parameter);

    /// <summary>Masks of dropout that a pass with gradients through the language model draws; the output layer's are not among them.</summary>
    public int MasksPerPass => pairs.Count(entry => entry.Value.Dropout > 0 && !ReferenceEquals(entry.Key, model.Head));

    /// <summary>The layers that it changes.</summary>
    internal IEnumerable<AdaptedLayer> Layers => pairs.Keys.Concat<AdaptedLayer>(embeddings.Keys).Concat(rows.Keys)
        .Concat(replaced.Keys.Select(place => place.Layer)).Distinct();

    /// <summary>Numbers in a PEFT folder's weights; none is read.</summary>
    /// <exception cref="InvalidInputException">There are none, or the file is damaged.</exception>
    public static long NumbersOf(string folder)
    {
        using WeightFile file = AdapterReader.Open(folder);
        return file.Entries.Values.Sum(entry => entry.Shape.Aggregate(1L, (product, size) => product * size));
    }

    /// <summary>Writes the adapter into the model's own weights, for good. The adapter itself stays as it is; do not use it afterwards.</summary>
    /// <exception cref="InvalidInputException">It adds a bias to a layer that has none.</exception>
    public void Merge()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        if (pairs.FirstOrDefault(entry => entry.Value.Bias is not null && entry.Key.Bias is null).Key is not null)
            throw new InvalidInputException($"adapter '{Name}': lora_bias adds a bias to a layer that has none, which cannot be merged; use the adapter "
                + "beside the model.");
        // what the output layer shares with the embedding table must not follow when only one of them changes
        EmbeddingLayer table = model.Decoder.Embedding;
        if (pairs.ContainsKey(model.Head) || replaced.ContainsKey((model.Head, "weight")) || rows.ContainsKey(model.Head) || embeddings.ContainsKey(table)
            || replaced.ContainsKey((table, "weight"))) model.Untie();
        foreach (((AdaptedLayer layer, string name), Parameter value) in replaced) layer.Own.First(own => own.Name == name).Value.copy_(value);
        foreach ((LinearLayer layer, LoraPair pair) in pairs)
        {
            layer.Weight.copy_(pair.Merge(layer.Weight.to(ScalarType.Float32)));
            layer.Bias?.copy_(pair.AddBias(layer.Bias));
        }
        foreach ((EmbeddingLayer layer, EmbeddingLora pair) in embeddings) layer.Weight.copy_(layer.Weight.to(ScalarType.Float32).Plus(pair.Change()));
        foreach ((AdaptedLayer layer, TokenRows changed) in rows)
            layer.Own.First(own => own.Name == "weight").Value.index_copy_(0, changed.Ids_K, changed.Rows_KH);
    }

    /// <summary>Writes adapter_config.json and adapter_model.safetensors.</summary>
    /// <exception cref="InvalidInputException">The folder exists (without <paramref name="overwrite"/>) or cannot be written.</exception>
    public void Save(string folder, bool overwrite = false) => Save(folder, overwrite, null);

    /// <summary>The same, and what else belongs into the folder.</summary>
    internal void Save(string folder, bool overwrite, Action<string>? also) => AtomicFolder.Write(folder, overwrite, aside =>
    {
        File.WriteAllText(Path.Combine(aside, "adapter_config.json"), Config.ToJson());
        SafetensorsWriter.Write(Path.Combine(aside, "adapter_model.safetensors"), named.Select(pair => KeyValuePair.Create(pair.Key, (Tensor)pair.Parameter)));
        also?.Invoke(aside);
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((_, Parameter parameter) in named) parameter.Dispose();
        foreach (TokenRows changed in rows.Values) changed.Ids_K.Dispose();
    }

    internal LoraPair? PairAt(LinearLayer layer) => pairs.GetValueOrDefault(layer);

    internal EmbeddingLora? EmbeddingAt(EmbeddingLayer layer) => embeddings.GetValueOrDefault(layer);

    internal TokenRows? RowsAt(AdaptedLayer layer) => rows.GetValueOrDefault(layer);

    internal Parameter? Replacement(AdaptedLayer layer, string name) => replaced.GetValueOrDefault((layer, name));

    /// <summary>Takes a tensor into the adapter as a parameter under a key.</summary>
    internal Parameter Add(string key, Tensor value)
    {
        Parameter parameter = new(value, true);
        parameter.DetachFromDisposeScope();
        named.Add((key, parameter));
        return parameter;
    }

    internal void Put(LinearLayer layer, string module, LoraPair pair) => PutOnce(pairs, layer, module, pair);

    internal void Put(EmbeddingLayer layer, string module, EmbeddingLora pair) => PutOnce(embeddings, layer, module, pair);

    internal void Put(AdaptedLayer layer, string module, TokenRows changed) => PutOnce(rows, layer, module, changed);

    internal void Put(AdaptedLayer layer, string name, string module, Parameter value) => PutOnce(replaced, (layer, name), module, value);

    private static void PutOnce<TPlace, TValue>(Dictionary<TPlace, TValue> places, TPlace place, string module, TValue value) where TPlace : notnull
    {
        if (!places.TryAdd(place, value)) throw new InvalidInputException($"LoRA: '{module}' is there twice under different names.");
    }

    /// <summary>PEFT names modules as transformers has them in memory.</summary>
    internal static KeyLayout InMemory(VisionLanguageModel model)
    {
        IReadOnlyList<KeyLayout> layouts = ModelFamilies.Find(model.Config.ModelType)!.Layouts;
        return layouts.FirstOrDefault(known => known.Name == "memory") ?? layouts[^1];
    }

    internal static LoraAdapter Create(VisionLanguageModel model, string name, LoraConfig config, long seed)
    {
        if (config.Rank < 1) throw new InvalidInputException("LoRA: the rank must be at least 1.");
        model.Adapters.CheckSaved(config.ModulesToSave);
        ModelFamily family = ModelFamilies.Find(model.Config.ModelType)!;
        KeyLayout layout = InMemory(model);
        LoraAdapter adapter = new(model, name, config);
        using IDisposable noGrad = no_grad();
        IReadOnlyList<string> wanted = config.TargetPattern is null ? config.TargetModules : config.PatternNames;
        HashSet<string> met = [], whole = [];
        foreach ((string module, AdaptedLayer changed) in model.Adapters.Modules)
        {
            string[] names = [.. family.Layouts.Select(known => known.Module(module))];
            if (config.ModulesToSave.Any(saved => names.Any(name => LoraConfig.Saves(saved, name))))
            {
                whole.UnionWith(wanted.Where(target => names.Any(name => LoraConfig.EndsIn(name, target))));
                foreach ((string parameter, Parameter own) in changed.Own)
                    adapter.Put(changed, parameter, module, adapter.Add($"{Prefix}{layout.Module(module)}.{parameter}", own.clone()));
                continue;
            }
            if (changed is not LinearLayer layer || !names.Any(config.Targets)) continue;
            met.UnionWith(wanted.Where(target => names.Any(name => LoraConfig.EndsIn(name, target))));
            string key = Prefix + layout.Module(module);
            double bound = 1 / Math.Sqrt(layer.InputSize);
            Tensor a = empty(config.Rank, layer.InputSize, ScalarType.Float32);
            using torch.Generator generator = new(new RandomStream(seed, $"{name}/{key}").NextUInt64() >> 1);
            a.uniform_(-bound, bound, generator);
            Parameter parameterA = adapter.Add($"{key}.lora_A.weight", a.to(layer.Weight.device));
            Parameter parameterB = adapter.Add($"{key}.lora_B.weight", zeros(layer.OutputSize, config.Rank, ScalarType.Float32, layer.Weight.device));
            adapter.Put(layer, key, new LoraPair(parameterA, parameterB, config.Scaling, config.Dropout));
        }
        string[] lost = [.. wanted.Except(met)];
        if (lost.Length == 0 && adapter.pairs.Count > 0) return adapter;
        adapter.Dispose();
        if (whole.Intersect(lost).ToArray() is { Length: > 0 } both)
            throw new InvalidInputException($"LoRA: modules_to_save trains all of '{string.Join("', '", both)}' whole; take it out of modules_to_save or of "
                + "the targets.");
        IEnumerable<string> there = model.Adapters.Layers.Select(entry => entry.Key.Split('.').Last(part => !part.All(char.IsAsciiDigit)))
            .Distinct().Order(StringComparer.Ordinal);
        string what = lost.Length > 0 ? string.Join(", ", lost) : config.TargetPattern ?? string.Join(", ", wanted);
        throw new InvalidInputException($"LoRA: the target '{what}' matches no linear layer of this model; there are {string.Join(", ", there)}.");
    }
}
