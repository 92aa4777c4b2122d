using SafeRlhfV.Data;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>The LoRA adapters of one model. At most one is in use at a time; the weights of the model itself are never touched.</summary>
public sealed class AdapterSet
{
    private readonly Dictionary<string, LoraAdapter> adapters = [];
    private readonly VisionLanguageModel model;
    private Dictionary<string, LinearLayer>? layers;

    internal AdapterSet(VisionLanguageModel model) => this.model = model;

    /// <summary>The adapter in use where nobody chose one; null = the bare model.</summary>
    public LoraAdapter? Default { get; set; }

    /// <summary>Names of all adapters.</summary>
    public IReadOnlyCollection<string> Names => adapters.Keys;

    /// <summary>An adapter by name.</summary>
    /// <exception cref="InvalidInputException">There is none of that name.</exception>
    public LoraAdapter this[string name] => adapters.TryGetValue(name, out LoraAdapter? adapter) ? adapter : throw new InvalidInputException($"There is no adapter '{name}'; there are: {string.Join(", ", adapters.Keys)}.");

    /// <summary>Makes a new adapter: A random by its seed, B zero, so that it changes nothing yet.</summary>
    public LoraAdapter Create(string name, LoraConfig config, long seed) => Add(LoraAdapter.Create(model, name, config, seed));

    /// <summary>Loads a PEFT folder.</summary>
    /// <exception cref="InvalidInputException">The folder is malformed or does not fit the model.</exception>
    public LoraAdapter Load(string name, string folder) => Add(LoraAdapter.Load(model, name, folder));

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
    /// The same for many small passes without gradients, such as decoding: the adapter is added to a copy of each weight that it changes, kept until disposed, so that it costs
    /// nothing in a pass. Only float32 weights are merged; in narrower types the sum would be rounded. The adapter must not change meanwhile.
    /// </summary>
    public IDisposable UseMerged(string? name) =>
        AdapterFrame.Push(this, name is null ? null : this[name], name is not null && model.Decoder.Embedding.Weight.dtype == ScalarType.Float32 ? new MergedWeights() : null);

    /// <summary>The model's linear layers by canonical name.</summary>
    internal IReadOnlyDictionary<string, LinearLayer> Layers =>
        layers ??= model.named_modules().Where(pair => pair.module is LinearLayer).ToDictionary(pair => pair.name, pair => (LinearLayer)pair.module);

    private LoraAdapter Add(LoraAdapter adapter)
    {
        if (!adapters.TryAdd(adapter.Name, adapter)) throw new InvalidInputException($"There is already an adapter '{adapter.Name}'.");
        foreach (LinearLayer layer in adapter.Layers) layer.Adapters = this;
        return adapter;
    }
}
