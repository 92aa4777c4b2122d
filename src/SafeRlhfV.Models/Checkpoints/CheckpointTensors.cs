using System.Text.Json;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>The weights of a checkpoint folder: one file, or several with an index. Names every tensor and the file that holds it.</summary>
public sealed class CheckpointTensors : IDisposable
{
    private const long MaxIndexBytes = 64 << 20;

    private static readonly string[] Files = ["model.safetensors", "pytorch_model.bin"];

    private readonly List<WeightFile> files = [];
    private readonly Dictionary<string, WeightFile> owners = new(StringComparer.Ordinal);

    private CheckpointTensors() { }

    /// <summary>The tensors' names, in no order.</summary>
    public IReadOnlyCollection<string> Names => owners.Keys;

    /// <summary>Bytes of all tensors on the disk.</summary>
    public long TotalBytes => files.Sum(file => file.Entries.Values.Sum(entry => entry.Length));

    /// <summary>The type of most bytes among some tensors; float32 without any.</summary>
    public ScalarType TypeOf(IEnumerable<string> names) =>
        names.Select(Entry).GroupBy(entry => entry.Dtype).OrderByDescending(group => group.Sum(entry => entry.Length)).Select(group => group.Key)
            .Where(SafetensorsTypes.IsWeight).FirstOrDefault(ScalarType.Float32);

    /// <summary>The file that holds a tensor.</summary>
    public WeightFile FileOf(string name) => owners[name];

    /// <summary>What is known of a tensor.</summary>
    public TensorEntry Entry(string name) => owners[name].Entries[name];

    /// <summary>Whether a folder has weights.</summary>
    public static bool AreIn(string folder) =>
        Files.Any(file => File.Exists(Path.Combine(folder, file)) || File.Exists(Path.Combine(folder, file + ".index.json")));

    /// <summary>
    /// Opens the first that is there of model.safetensors, the shards that its index names, pytorch_model.bin, and the shards that its index names; the order
    /// is that of transformers.
    /// </summary>
    /// <exception cref="InvalidInputException">None is there, a shard is missing or lies outside the folder, or the index and the shards disagree.</exception>
    public static CheckpointTensors Open(string folder)
    {
        foreach (string file in Files)
        {
            string path = Path.Combine(folder, file), index = path + ".index.json";
            if (File.Exists(path))
            {
                CheckpointTensors tensors = new();
                tensors.Add(WeightFile.Open(path), null);
                return tensors;
            }
            if (File.Exists(index)) return OpenSharded(folder, index);
        }
        throw new InvalidInputException(Directory.Exists(folder)
            ? $"{folder}: there are no weights: none of {string.Join(", ", Files.SelectMany(file => new[] { file, file + ".index.json" }))}; name a folder "
                + "with a Hugging Face checkpoint."
            : $"{folder}: no such folder; give a checkpoint's folder, or a training run's.");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (WeightFile file in files) file.Dispose();
    }

    private static CheckpointTensors OpenSharded(string folder, string indexPath)
    {
        Dictionary<string, string> map = ReadIndex(indexPath);
        CheckpointTensors tensors = new();
        try
        {
            foreach (string shard in map.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
            {
                if (shard.Length == 0 || shard != Path.GetFileName(shard) || shard is "." or ".." || shard.Contains('\\') || shard.Contains('\0'))
                    throw new InvalidInputException($"{indexPath}: shard '{shard}' is not a plain file name.");
                string path = Path.Combine(folder, shard);
                if (!File.Exists(path)) throw new InvalidInputException($"{indexPath}: shard '{shard}' is missing from the folder.");
                tensors.Add(WeightFile.Open(path), map);
            }
            foreach ((string name, string shard) in map)
                if (!tensors.owners.ContainsKey(name)) throw new InvalidInputException($"{indexPath}: tensor '{name}' is not in {shard}.");
            return tensors;
        }
        catch
        {
            tensors.Dispose();
            throw;
        }
    }

    private void Add(WeightFile file, Dictionary<string, string>? map)
    {
        files.Add(file);
        foreach (string name in file.Entries.Keys)
        {
            // the index decides where a tensor is read from; one that it puts elsewhere is a contradiction
            if (map is not null && (!map.TryGetValue(name, out string? shard) || shard != Path.GetFileName(file.Path)))
                throw new InvalidInputException($"{file.Path}: the index does not place tensor '{name}' in this shard.");
            owners.Add(name, file);
        }
    }

    private static Dictionary<string, string> ReadIndex(string path)
    {
        if (FileSize.Of(path) > MaxIndexBytes) throw new InvalidInputException($"{path}: the index is larger than {MaxIndexBytes >> 20} MiB.");
        Dictionary<string, string> map = new(StringComparer.Ordinal);
        try
        {
            using FileStream stream = File.OpenRead(path);
            using JsonDocument document = JsonDocument.Parse(stream, new JsonDocumentOptions { MaxDepth = 16 });
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("weight_map", out JsonElement weights)
                || weights.ValueKind != JsonValueKind.Object)
                throw new InvalidInputException($"{path}: there is no weight_map in it.");
            foreach (JsonProperty property in weights.EnumerateObject())
            {
                if (property.Value.ValueKind != JsonValueKind.String)
                    throw new InvalidInputException($"{path}: weight_map.{property.Name} is not a file name.");
                if (!map.TryAdd(property.Name, property.Value.GetString()!))
                    throw new InvalidInputException($"{path}: weight_map lists '{property.Name}' twice.");
            }
        }
        catch (Exception error) when (error is JsonException or IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            throw new InvalidInputException($"{path}: cannot be read as JSON ({error.Message.Split('\n')[0]}).", error);
        }
        return map;
    }
}
