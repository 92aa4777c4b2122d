using SafeRlhfV.Data;
using SafeRlhfV.Objectives;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>One LoRA adapter (Hu et al. 2021) on a model: W x + (alpha / r) B A x at chosen linear layers. Loads and saves PEFT folders.</summary>
public sealed class LoraAdapter : IDisposable
{
    private const string Prefix = "base_model.model.";

    private readonly Dictionary<LinearLayer, LoraPair> pairs = [];
    private readonly List<(string Key, Parameter Parameter)> named = [];

    private LoraAdapter(string name, LoraConfig config) => (Name, Config) = (name, config);

    /// <summary>Its name on this model.</summary>
    public string Name { get; }

    /// <summary>Its settings.</summary>
    public LoraConfig Config { get; }

    /// <summary>Its parameters under PEFT's keys (base_model.model....lora_A.weight), in order of the model's layers.</summary>
    public IReadOnlyList<(string Key, Parameter Parameter)> NamedParameters => named;

    /// <summary>Its parameters, for an optimiser.</summary>
    public IEnumerable<Parameter> Parameters => named.Select(pair => pair.Parameter);

    internal IEnumerable<LinearLayer> Layers => pairs.Keys;

    /// <summary>Adds W + scaling B A into the model's own weights, for good. The adapter itself stays as it is; do not use it afterwards.</summary>
    public void Merge()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        foreach ((LinearLayer layer, LoraPair pair) in pairs)
        {
            Tensor weight = layer.Weight;
            weight.copy_(weight.to(ScalarType.Float32).Plus(pair.Change()));
        }
    }

    /// <summary>Writes adapter_config.json and adapter_model.safetensors.</summary>
    /// <exception cref="InvalidInputException">The folder exists (without <paramref name="overwrite"/>) or cannot be written.</exception>
    public void Save(string folder, bool overwrite = false) => CheckpointFolder.Write(folder, overwrite, aside =>
    {
        File.WriteAllText(Path.Combine(aside, "adapter_config.json"), Config.ToJson());
        SafetensorsWriter.Write(Path.Combine(aside, "adapter_model.safetensors"), named.Select(pair => KeyValuePair.Create(pair.Key, (Tensor)pair.Parameter)));
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((_, Parameter parameter) in named) parameter.Dispose();
    }

    internal LoraPair? PairAt(LinearLayer layer) => pairs.GetValueOrDefault(layer);

    internal static LoraAdapter Create(VisionLanguageModel model, string name, LoraConfig config, long seed)
    {
        if (config.Rank < 1) throw new InvalidInputException("LoRA: the rank must be at least 1.");
        ModelFamily family = ModelFamilies.Find(model.Config.ModelType)!;
        // PEFT names modules as transformers has them in memory
        KeyLayout layout = family.Layouts.FirstOrDefault(known => known.Name == "memory") ?? family.Layouts[^1];
        LoraAdapter adapter = new(name, config);
        using IDisposable noGrad = no_grad();
        IReadOnlyList<string> wanted = config.TargetPattern is null ? config.TargetModules : config.PatternNames;
        HashSet<string> met = [];
        foreach ((string module, LinearLayer layer) in model.Adapters.Layers)
        {
            string[] names = [.. family.Layouts.Select(known => ModuleIn(known, module))];
            if (!names.Any(config.Targets)) continue;
            met.UnionWith(wanted.Where(target => names.Any(name => LoraConfig.EndsIn(name, target))));
            string key = Prefix + ModuleIn(layout, module);
            double bound = 1 / Math.Sqrt(layer.InputSize);
            Tensor a = empty(config.Rank, layer.InputSize, ScalarType.Float32);
            using torch.Generator generator = new(new RandomStream(seed, $"{name}/{key}").NextUInt64() >> 1);
            a.uniform_(-bound, bound, generator);
            adapter.Put(layer, key, a.to(layer.Weight.device), zeros(layer.OutputSize, config.Rank, ScalarType.Float32, layer.Weight.device));
        }
        string[] lost = [.. wanted.Except(met)];
        if (lost.Length == 0 && adapter.pairs.Count > 0) return adapter;
        adapter.Dispose();
        IEnumerable<string> there = model.Adapters.Layers.Keys.Select(module => module.Split('.').Last(part => !part.All(char.IsAsciiDigit))).Distinct().Order(StringComparer.Ordinal);
        string what = lost.Length > 0 ? string.Join(", ", lost) : config.TargetPattern ?? string.Join(", ", wanted);
        throw new InvalidInputException($"LoRA: the target '{what}' matches no linear layer of this model; there are {string.Join(", ", there)}.");
    }

    internal static LoraAdapter Load(VisionLanguageModel model, string name, string folder)
    {
        LoraConfig config = LoraConfig.Load(folder);
        ModelFamily family = ModelFamilies.Find(model.Config.ModelType)!;
        Dictionary<string, LinearLayer> byName = [];
        foreach ((string module, LinearLayer layer) in model.Adapters.Layers)
            foreach (KeyLayout layout in family.Layouts) byName.TryAdd(ModuleIn(layout, module), layer);
        string path = Path.Combine(folder, "adapter_model.safetensors");
        using SafetensorsFile file = SafetensorsFile.Open(path);
        LoraAdapter adapter = new(name, config);
        HashSet<string> left = [.. file.Entries.Keys];
        foreach (string key in file.Entries.Keys.Order(StringComparer.Ordinal))
        {
            if (Split(key, ".lora_A.") is not { } parts) continue;
            string keyB = $"{parts.Module}.lora_B.{parts.Tail}";
            if (!left.Contains(keyB)) throw new InvalidInputException($"{path}: '{key}' has no '{keyB}' beside it.");
            string module = parts.Module.StartsWith(Prefix, StringComparison.Ordinal) ? parts.Module[Prefix.Length..] : parts.Module;
            if (!byName.TryGetValue(module, out LinearLayer? layer)) throw new InvalidInputException($"{path}: '{key}' belongs to no linear layer of this model.");
            if (!file.Entries[key].Shape.SequenceEqual([config.Rank, layer.InputSize]) || !file.Entries[keyB].Shape.SequenceEqual([layer.OutputSize, config.Rank]))
                throw new InvalidInputException($"{path}: '{key}' and '{keyB}' do not fit rank {config.Rank} and a layer of {layer.InputSize} to {layer.OutputSize}.");
            adapter.Put(layer, parts.Module, Copy(file, key, layer), Copy(file, keyB, layer));
            left.Remove(key);
            left.Remove(keyB);
        }
        if (left.Count > 0) throw new InvalidInputException($"{path}: {left.Count} tensors are no LoRA matrices, such as '{left.Order(StringComparer.Ordinal).First()}'.");
        if (adapter.pairs.Count == 0) throw new InvalidInputException($"{path}: there are no LoRA matrices in it.");
        return adapter;
    }

    private static string ModuleIn(KeyLayout layout, string module) => layout.ToFile(module + ".weight")[..^".weight".Length];

    // PEFT's files say lora_A.weight; a state dict says lora_A.<adapter>.weight
    private static (string Module, string Tail)? Split(string key, string marker)
    {
        int at = key.IndexOf(marker, StringComparison.Ordinal);
        return at < 0 ? null : (key[..at], key[(at + marker.Length)..]);
    }

    private static Tensor Copy(SafetensorsFile file, string key, LinearLayer layer)
    {
        Tensor copy = empty([.. file.Entries[key].Shape], file.Entries[key].Dtype, layer.Weight.device);
        file.ReadInto(key, copy);
        return copy;
    }

    private void Put(LinearLayer layer, string module, Tensor a, Tensor b)
    {
        Parameter pa = new(a, true), pb = new(b, true);
        pa.DetachFromDisposeScope();
        pb.DetachFromDisposeScope();
        if (!pairs.TryAdd(layer, new LoraPair(pa, pb, Config.Scaling, Config.Dropout))) throw new InvalidInputException($"LoRA: '{module}' is there twice under different names.");
        named.Add(($"{module}.lora_A.weight", pa));
        named.Add(($"{module}.lora_B.weight", pb));
    }
}
