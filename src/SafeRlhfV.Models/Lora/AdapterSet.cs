using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>The LoRA adapters of one model. At most one is in use at a time; the weights of the model itself are never touched.</summary>
public sealed class AdapterSet
{
    private readonly Dictionary<string, LoraAdapter> adapters = [];
    private readonly VisionLanguageModel model;
    private Dictionary<string, AdaptedLayer>? modules;

    internal AdapterSet(VisionLanguageModel model) => this.model = model;

    /// <summary>The adapter in use where nobody chose one; null = the bare model.</summary>
    public LoraAdapter? Default { get; set; }

    /// <summary>Names of all adapters.</summary>
    public IReadOnlyCollection<string> Names => adapters.Keys;

    /// <summary>An adapter by name.</summary>
    /// <exception cref="InvalidInputException">Nothing has that name.</exception>
    public LoraAdapter this[string name]
        => adapters.TryGetValue(name, out LoraAdapter? adapter)
            ? adapter
            : throw new InvalidInputException($"There is no adapter '{name}'; there are: {string.Join(", ", adapters.Keys)}.");

    /// <summary>Makes a new adapter: A random by its seed, B zero, so that it changes nothing yet.</summary>
    public LoraAdapter Create(string name, LoraConfig config, long seed) => Add(LoraAdapter.Create(model, name, config, seed));

    /// <summary>Loads a PEFT folder.</summary>
    /// <exception cref="InvalidInputException">The folder is malformed or does not fit the model.</exception>
    public LoraAdapter Load(string name, string folder) => Add(AdapterReader.Read(model, name, folder));

    /// <summary>Whether an adapter changes layers of the vision tower: features that are made once for several roles are then wrong for its own.</summary>
    public bool ChangesTower(string name)
    {
        HashSet<IntPtr> tower = [.. model.VisionTowerParameters.Select(parameter => parameter.Handle)];
        return this[name].Layers.SelectMany(layer => layer.Own).Any(own => tower.Contains(own.Value.Handle));
    }

    /// <summary>Numbers in the modules that a new adapter would train whole.</summary>
    /// <param name="modules">Their names, as PEFT's modules_to_save has them.</param>
    /// <exception cref="InvalidInputException">The model has no module of that name.</exception>
    public long NumbersIn(IReadOnlyList<string> modules)
    {
        CheckSaved(modules);
        return Modules.Where(entry => modules.Any(name => IsIn(name, entry.Key))).Sum(entry => entry.Value.Own.Sum(own => own.Value.numel()));
    }

    /// <summary>Refuses a name of PEFT's modules_to_save that the model does not have.</summary>
    internal void CheckSaved(IReadOnlyList<string> modules)
    {
        string[] unknown = [.. modules.Where(name => !Modules.Keys.Any(module => IsIn(name, module)))];
        if (unknown.Length == 0) return;
        KeyLayout layout = LoraAdapter.InMemory(model);
        IEnumerable<string> there = Modules.Keys.SelectMany(module => layout.Module(module).Split('.')).Where(part => !part.All(char.IsAsciiDigit)).Distinct();
        throw new InvalidInputException($"LoRA: '{string.Join("', '", unknown)}' of modules_to_save is no module of this model; there are "
            + $"{string.Join(", ", there.Order(StringComparer.Ordinal))}.");
    }

    private bool IsIn(string name, string module) =>
        ModelFamilies.Find(model.Config.ModelType)!.Layouts.Any(layout => LoraConfig.Saves(name, layout.Module(module)));

    /// <summary>Takes an adapter away and frees it.</summary>
    public void Remove(string name)
    {
        LoraAdapter adapter = this[name];
        if (ReferenceEquals(Default, adapter)) Default = null;
        adapters.Remove(name);
        adapter.Dispose();
    }

    /// <summary>Uses an adapter on this thread until disposed.</summary>
    /// <param name="name">The adapter; null = the bare model, whatever the default.</param>
    /// <param name="dropout">Where the masks of its dropout come from, in training; null = nothing is dropped.</param>
    public IDisposable Use(string? name, DropoutStream? dropout = null) => AdapterFrame.Push(this, name is null ? null : this[name], dropout: dropout);

    /// <summary>
    /// The same for many small passes without gradients, such as decoding: the adapter is added to a copy of each weight that it changes, kept until disposed,
    /// so that it costs nothing in a pass. Only float32 weights are merged; in narrower types the sum would be rounded. The adapter must not change meanwhile.
    /// </summary>
    public IDisposable UseMerged(string? name) =>
        AdapterFrame.Push(this, name is null ? null : this[name],
            name is not null && model.Decoder.Embedding.Weight.dtype == ScalarType.Float32 ? new MergedWeights() : null);

    /// <summary>
    /// The model's layers that an adapter may change, by canonical name; the output layer is among them even where it shares the embedding table.
    /// </summary>
    internal IReadOnlyDictionary<string, AdaptedLayer> Modules => modules ??= FindModules();

    /// <summary>The linear ones of them.</summary>
    internal IEnumerable<KeyValuePair<string, LinearLayer>> Layers =>
        Modules.Where(pair => pair.Value is LinearLayer).Select(pair => KeyValuePair.Create(pair.Key, (LinearLayer)pair.Value));

    private LoraAdapter Add(LoraAdapter adapter)
    {
        if (!adapters.TryAdd(adapter.Name, adapter)) throw new InvalidInputException($"There is already an adapter '{adapter.Name}'.");
        foreach (AdaptedLayer layer in adapter.Layers) layer.Adapters = this;
        model.Head.Adapters ??= adapter.Layers.Contains(model.Decoder.Embedding) ? this : null;
        return adapter;
    }

    private Dictionary<string, AdaptedLayer> FindModules()
    {
        Dictionary<string, AdaptedLayer> found = model.named_modules().Where(pair => pair.module is AdaptedLayer).ToDictionary(pair => pair.name,
            pair => (AdaptedLayer)pair.module);
        found[model.HeadName] = model.Head;
        return found;
    }
}
