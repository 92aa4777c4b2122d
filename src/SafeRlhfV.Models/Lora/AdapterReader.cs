using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// Reads the tensors of a PEFT folder onto a model. Every tensor of the file must have its place, and every place that adapter_config.json names its tensor:
/// PEFT leaves out what
/// does not fit and goes on, with other numbers.
/// </summary>
internal sealed class AdapterReader
{
    private const string Rows = ".token_adapter.trainable_tokens_delta";

    private readonly LoraConfig config;
    private readonly WeightFile file;
    private readonly LoraAdapter adapter;
    private readonly ModelFamily family;
    private readonly IReadOnlyDictionary<string, AdaptedLayer> modules;
    private readonly LinearLayer head;
    private readonly Dictionary<string, string> canonical = [];
    private readonly HashSet<string> left, used = [], adapted = [], whole = [];

    private AdapterReader(VisionLanguageModel model, WeightFile file, LoraAdapter adapter)
    {
        (this.file, this.adapter, config, modules, head) = (file, adapter, adapter.Config, model.Adapters.Modules, model.Head);
        family = ModelFamilies.Find(model.Config.ModelType)!;
        foreach (string module in modules.Keys)
            foreach (KeyLayout layout in family.Layouts) canonical.TryAdd(layout.Module(module), module);
        left = [.. file.Entries.Keys];
    }

    /// <summary>Reads adapter_config.json, and adapter_model.safetensors or adapter_model.bin.</summary>
    /// <exception cref="InvalidInputException">The folder is malformed, of a kind that is not supported, or does not fit the model.</exception>
    public static LoraAdapter Read(VisionLanguageModel model, string name, string folder)
    {
        LoraConfig config = LoraConfig.Load(folder);
        using WeightFile file = Open(folder);
        LoraAdapter adapter = new(model, name, config);
        try
        {
            new AdapterReader(model, file, adapter).Run();
            return adapter;
        }
        catch
        {
            adapter.Dispose();
            throw;
        }
    }

    /// <summary>The adapter's weights.</summary>
    /// <exception cref="InvalidInputException">There are none.</exception>
    public static WeightFile Open(string folder) => WeightFile.Open(
        new[] { "adapter_model.safetensors", "adapter_model.bin" }.Select(file => Path.Combine(folder, file)).FirstOrDefault(File.Exists)
        ?? throw new InvalidInputException($"{folder}: there are no weights of the adapter (adapter_model.safetensors or adapter_model.bin)."));

    private void Run()
    {
        using IDisposable noGrad = no_grad();
        foreach (string key in file.Entries.Keys.Order(StringComparer.Ordinal))
        {
            if (Split(key, ".lora_A.") is ({ } linear, { } tail)) ReadPair(key, linear, tail);
            else if (Split(key, ".lora_embedding_A") is ({ } table, { } end)) ReadEmbedding(key, table, end);
            else if (Split(key, Rows) is ({ } rowed, _)) ReadRows(key, rowed);
        }
        foreach (string key in left.Order(StringComparer.Ordinal)) ReadWhole(key);
        IReadOnlyList<KeyLayout> layouts = [.. family.Layouts.Where(layout => used.All(name => layout.Module(canonical[name]) == name))];
        if (layouts.Count == 0) layouts = family.Layouts;
        CheckTargets(layouts);
        CheckWhole(layouts);
        if (adapted.Count == 0 && whole.Count == 0) throw Fault("there is no tensor in it that changes the model");
    }

    private void ReadPair(string key, string module, string tail)
    {
        LinearLayer layer = Find(key, module) as LinearLayer ?? throw Fault($"'{key}' belongs to no linear layer of this model");
        IReadOnlyList<string> names = Names(module);
        int rank = config.RankOf(names);
        string keyB = $"{module}.lora_B.{tail}", bias = keyB[..^"weight".Length] + "bias";
        Parameter a = Take(key, module, "lora_A.weight", rank, layer.InputSize), b = Take(keyB, module, "lora_B.weight", layer.OutputSize, rank);
        adapter.Put(layer, module, new LoraPair(a, b, config.ScalingOf(names), config.Dropout)
        {
            Bias = config.BiasOfB ? Take(bias, module, "lora_B.bias", layer.OutputSize) : null,
            Magnitude = config.IsDora ? Take(Variant(module, ".lora_magnitude_vector"), module, "lora_magnitude_vector", layer.OutputSize) : null,
        });
        adapted.Add(canonical[Plain(module)]);
    }

    private void ReadEmbedding(string key, string module, string tail)
    {
        EmbeddingLayer layer = Find(key, module) as EmbeddingLayer ?? throw Fault($"'{key}' belongs to no embedding table of this model");
        if (config.IsDora) throw Fault($"'{key}': DoRA on an embedding table is not supported");
        IReadOnlyList<string> names = Names(module);
        int rank = config.RankOf(names);
        Parameter a = Take(key, module, "lora_embedding_A", rank, layer.Weight.shape[0]), b = Take($"{module}.lora_embedding_B{tail}", module,
            "lora_embedding_B", layer.Weight.shape[1], rank);
        adapter.Put(layer, module, new EmbeddingLora(a, b, config.ScalingOf(names)));
        adapted.Add(canonical[Plain(module)]);
    }

    private void ReadRows(string key, string module)
    {
        AdaptedLayer layer = Find(key, module);
        if (config.TokensOf(Names(module)) is not { } ids || layer is not (EmbeddingLayer or LinearLayer))
            throw Fault($"'{key}' has no token ids in adapter_config.json (trainable_token_indices)");
        Parameter weight = layer.Own.First(own => own.Name == "weight").Value;
        if (ids.Any(id => id < 0 || id >= weight.shape[0]) || ids.Distinct().Count() != ids.Count)
            throw Fault($"trainable_token_indices must be different ids below {weight.shape[0]}");
        left.Remove(key);
        Parameter rows = adapter.Add($"{module}{Rows}", Copy(key, weight.dtype, weight.device, ids.Count, weight.shape[1]));
        adapter.Put(layer, module, new TokenRows(tensor(ids.Select(id => (long)id).ToArray(), device: weight.device).DetachFromDisposeScope(), rows));
        whole.Add($"{canonical[Plain(module)]}{Rows}");
    }

    // a whole tensor in place of the model's: of modules_to_save, or a bias
    private void ReadWhole(string key)
    {
        string name = Plain(key).Replace(".base_layer.", ".", StringComparison.Ordinal);
        if (Split(name, ".modules_to_save.") is ({ } before, { } after)) name = $"{before}.{after[(after.IndexOf('.', StringComparison.Ordinal) + 1)..]}";
        int dot = name.LastIndexOf('.');
        if (name.Contains(".lora_", StringComparison.Ordinal))
            throw Fault($"'{key}' has no matrix beside it that it belongs to, or adapter_config.json does not ask for it");
        if (dot < 0 || !canonical.TryGetValue(name[..dot], out string? module)
            || modules[module].Own.FirstOrDefault(own => own.Name == name[(dot + 1)..]) is not ({ } parameter, { } own))
            throw Fault($"'{key}' belongs to no linear layer, embedding table or norm of this model");
        used.Add(name[..dot]);
        if (!IsWhole(module, [.. Names(name[..dot])], parameter))
            throw Fault($"'{key}' is named neither by modules_to_save nor by bias in adapter_config.json");
        adapter.Put(modules[module], parameter, key, adapter.Add(key, Copy(key, own.dtype, own.device, own.shape)));
        whole.Add($"{module}.{parameter}");
    }

    private bool IsWhole(string module, IReadOnlyList<string> names, string parameter) =>
        names.Any(name => config.Saves($"{name}.{parameter}"))
            || (parameter == "bias" && (config.Biases == "all" || (config.Biases == "lora_only" && adapted.Contains(module))));

    private void CheckTargets(IReadOnlyList<KeyLayout> layouts)
    {
        if (!config.HasTargets) return;
        HashSet<string>[] targeted = [.. layouts.Select(layout =>
            modules.Where(entry => IsTarget(layout.Module(entry.Key), entry.Value)).Select(entry => entry.Key).ToHashSet())];
        if (targeted.Any(adapted.SetEquals)) return;
        if (targeted[0].Except(adapted).Order(StringComparer.Ordinal).FirstOrDefault() is { } missing)
            throw Fault($"it lacks the matrices of '{layouts[0].Module(missing)}', which target_modules names");
        throw Fault(
            $"it has matrices for '{layouts[0].Module(adapted.Except(targeted[0]).Order(StringComparer.Ordinal).First())}', "
                + "which adapter_config.json does not target");
    }

    private bool IsTarget(string name, AdaptedLayer layer) => layer switch
    {
        LinearLayer linear => config.IsAllLinear ? linear != head && config.Allows(name) : config.Targets(name),
        EmbeddingLayer => !config.IsAllLinear && config.Targets(name),
        _ => false,
    };

    private void CheckWhole(IReadOnlyList<KeyLayout> layouts)
    {
        foreach ((string module, AdaptedLayer layer) in modules)
        {
            string[] names = [.. layouts.Select(layout => layout.Module(module))];
            foreach ((string parameter, _) in layer.Own)
                if (!whole.Contains($"{module}.{parameter}") && IsWhole(module, names, parameter))
                    throw Fault(
                        $"it lacks '{names[0]}.{parameter}', "
                            + $"which {(names.Any(name => config.Saves($"{name}.{parameter}")) ? "modules_to_save" : "bias")} asks for");
            if (config.TokensOf(names) is not null && layer is EmbeddingLayer && !whole.Contains(module + Rows))
                throw Fault($"it lacks '{names[0]}{Rows}', which trainable_token_indices asks for");
        }
    }

    private AdaptedLayer Find(string key, string module)
    {
        if (!canonical.TryGetValue(Plain(module), out string? name)) throw Fault($"'{key}' belongs to no linear layer or embedding table of this model");
        used.Add(Plain(module));
        return modules[name];
    }

    // a module's name in the file, then those that other layouts have for it: patterns may speak of either
    private IReadOnlyList<string> Names(string module) => [Plain(module), .. family.Layouts.Select(layout => layout.Module(canonical[Plain(module)]))];

    // matrices are kept in float32 whatever the model's type, as PEFT does
    private Parameter Take(string key, string module, string name, params long[] shape)
    {
        if (!left.Remove(key)) throw Fault($"it lacks '{key}'");
        return adapter.Add($"{module}.{name}", Copy(key, ScalarType.Float32, modules[canonical[Plain(module)]].Own.First().Value.device, shape));
    }

    private Tensor Copy(string key, ScalarType dtype, Device device, params long[] shape)
    {
        if (!file.Entries[key].Shape.SequenceEqual(shape))
            throw Fault(
                $"'{key}' is [{string.Join(", ", file.Entries[key].Shape)}]; "
                + $"the model and adapter_config.json (r, rank_pattern) need [{string.Join(", ", shape)}]");
        Tensor copy = empty(shape, dtype, device);
        file.ReadInto(key, copy);
        if (!copy.isfinite().all().item<bool>())
        {
            copy.Dispose();
            throw Fault($"'{key}' has numbers that are not finite; the adapter is broken");
        }
        return copy;
    }

    private string Variant(string module, string name) =>
        new[] { "", ".weight", ".default", ".default.weight" }.Select(end => module + name + end).FirstOrDefault(left.Contains) ?? module + name;

    private static string Plain(string name) => name.StartsWith(LoraAdapter.Prefix, StringComparison.Ordinal) ? name[LoraAdapter.Prefix.Length..] : name;

    private static (string? Before, string? After) Split(string key, string marker)
    {
        int at = key.IndexOf(marker, StringComparison.Ordinal);
        return at < 0 ? (null, null) : (key[..at], key[(at + marker.Length)..]);
    }

    private InvalidInputException Fault(string what) => new($"{file.Path}: {what}.");
}
