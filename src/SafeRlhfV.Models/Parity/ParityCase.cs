using System.Text.Json;
using SafeRlhfV.Processing;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// One reference case: a JSON description and tensors beside it. Tensors may be kept in another case (`from`), pixel values in a processor case
/// (`pixel_values_from`, in either of the two forms that the golden data use).
/// </summary>
internal sealed class ParityCase : IDisposable
{
    private readonly Dictionary<string, SafetensorsFile> files = [];
    private readonly string folder;

    private ParityCase(string path, JsonElement json)
    {
        (folder, Name, Json) = (Path.GetDirectoryName(path)!, Path.GetFileNameWithoutExtension(path), json);
        Kind = Json.TryGetProperty("kind", out JsonElement kind) ? kind.GetString()! : "";
    }

    public string Name { get; }

    public string Kind { get; }

    public JsonElement Json { get; }

    /// <summary>Reads a case's description; its tensors are opened when asked for.</summary>
    public static ParityCase Open(string path) => new(path, ConfigReader.Open(path).Element);

    public bool Has(string name) => Json.TryGetProperty("tensors", out JsonElement tensors) && tensors.TryGetProperty(name, out _);

    public IEnumerable<string> TensorNames => Json.TryGetProperty("tensors", out JsonElement tensors)
        ? tensors.EnumerateObject().Select(property => property.Name) : [];

    /// <summary>A tensor of the case, wherever it is stored.</summary>
    public Tensor Tensor(string name)
    {
        if (!Has(name)) throw new InvalidInputException($"{folder}: case {Name} has no tensor '{name}'.");
        JsonElement entry = Json.GetProperty("tensors").GetProperty(name);
        if (entry.TryGetProperty("from", out JsonElement from))
            return File(Path.Combine(folder, Plain(from.GetProperty("case").GetString()!) + ".safetensors")).Read(from.GetProperty("key").GetString()!);
        return File(Path.Combine(folder, Name + ".safetensors")).Read(name);
    }

    /// <summary>A tensor if the case has it.</summary>
    public Tensor? TryTensor(string name) => Has(name) ? Tensor(name) : null;

    /// <summary>A field of the description; a nested one by path.</summary>
    public JsonElement? Field(params string[] path)
    {
        JsonElement at = Json;
        foreach (string name in path)
            if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(name, out at) || at.ValueKind == JsonValueKind.Null) return null;
        return at;
    }

    /// <summary>Absolute and relative tolerance of a quantity as the case states it, else the given absolute one.</summary>
    public (double Absolute, double Relative) Tolerance(string quantity, double fallback)
    {
        if ((Field("tolerance", quantity) ?? Field("tolerance")) is not { } stated) return (fallback, 0);
        if (stated.ValueKind == JsonValueKind.Number) return (stated.GetDouble(), 0);
        if (stated.ValueKind != JsonValueKind.Object || !stated.TryGetProperty("atol", out JsonElement absolute)) return (fallback, 0);
        return (absolute.GetDouble(), stated.TryGetProperty("rtol", out JsonElement relative) ? relative.GetDouble() : 0);
    }

    /// <summary>The images of the case; null if it has none.</summary>
    public ImageInputs? Images(VisionLanguageModel model)
    {
        if (Field("pixel_values_from") is not { } from) return OwnImage(model);
        return from.ValueKind == JsonValueKind.Object ? ImagesByFile(model, from) : ImagesByCase(model, from);
    }

    public void Dispose()
    {
        foreach (SafetensorsFile file in files.Values) file.Dispose();
    }

    // InternVL: an image of another size than the processor's
    private ImageInputs? OwnImage(VisionLanguageModel model)
    {
        if (model.Config is not LlavaConfigBase || TryTensor("pixel_values") is not { } pixels) return null;
        return new ImageInputs(pixels, [new ImageGeometry(0, 0, (int)pixels.shape[0], Field("image_tokens_per_sample")!.Value[0].GetInt32())]);
    }

    // LLaVA: one processor case holds all files' pixel values
    private ImageInputs? ImagesByFile(VisionLanguageModel model, JsonElement from)
    {
        string processorCase = Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(folder))!, Plain(from.GetProperty("model").GetString()!), "cases",
            Plain(from.GetProperty("case").GetString()!));
        SafetensorsFile stored = File(processorCase + ".safetensors");
        string[] wanted = [.. from.GetProperty("files").EnumerateArray().Select(file => file.GetString()!)];
        if (wanted.Length == 0) return null;
        List<Tensor> parts = [];
        List<ImageGeometry> geometry = [];
        Tensor? sizes = TryTensor("image_sizes");
        string[] order = [.. ConfigReader.Open(processorCase + ".json").Element.GetProperty("files").EnumerateArray()
            .Select(file => file.GetProperty("file").GetString()!)];
        // LLaVA-OneVision names each image's tensor, since an image has another one where it is one of several
        string[] keys = [.. from.TryGetProperty("keys", out JsonElement named) ? named.EnumerateArray().Select(key => key.GetString()!)
            : wanted.Select(file => "pixel_values." + file)];
        for (int i = 0; i < wanted.Length; i++)
        {
            bool tiled = stored.Entries.ContainsKey(keys[i]);
            if (!tiled && named.ValueKind == JsonValueKind.Array) throw new InvalidInputException($"{processorCase}: there is no tensor '{keys[i]}'.");
            Tensor pixels = tiled ? stored.Read(keys[i]) : stored.Read("pixel_values").narrow(0, Array.IndexOf(order, wanted[i]), 1);
            parts.Add(pixels);
            (int height, int width) = sizes is null ? (0, 0) : ((int)sizes[i, 0].item<long>(), (int)sizes[i, 1].item<long>());
            int rows = (int)pixels.shape[0];
            if (from.TryGetProperty("tiles", out JsonElement tiles) && tiles[i].GetInt32() != rows)
                throw new InvalidInputException($"{processorCase}: {wanted[i]} has {rows} tiles there, {tiles[i]} in case {Name}.");
            geometry.Add(new ImageGeometry(height, width, rows, tiled ? TokensOf(model.Config, height, width, rows) : model.Config.LeastImageTokens));
        }
        return new ImageInputs(cat([.. parts], 0), geometry);
    }

    private static int TokensOf(ModelConfig config, int height, int width, int rows) => config switch
    {
        LlavaConfigBase { Tiles: { } tiles } => rows == 1 && tiles.TakesSingleTiles ? tiles.SingleTokens : tiles.Tokens(height, width),
        _ => rows * config.LeastImageTokens,
    };

    // Qwen: one processor case a file, with its grid of patches
    private ImageInputs? ImagesByCase(VisionLanguageModel model, JsonElement from)
    {
        List<Tensor> parts = [];
        List<ImageGeometry> geometry = [];
        if (model.Config is not QwenConfig { Vision: { MergeSize: int merge, PatchSize: int patch } })
            throw new InvalidInputException($"{folder}: case {Name} gives its images by grids of patches; that is for Qwen models.");
        foreach (JsonElement name in from.EnumerateArray())
        {
            string text = name.GetString()!;
            string path = text.Contains('/') ? Path.GetFullPath(Path.Combine(Path.GetDirectoryName(folder)!, text)) : Path.Combine(folder, text);
            SafetensorsFile stored = File(path + ".safetensors");
            parts.Add(stored.Read("pixel_values"));
            long[] grid = stored.Read("image_grid_thw").reshape(-1).data<long>().ToArray();
            (int rows, int columns) = ((int)grid[1], (int)grid[2]);
            geometry.Add(new ImageGeometry(rows * patch, columns * patch, rows * columns, rows * columns / (merge * merge), rows, columns));
        }
        return parts.Count == 0 ? null : new ImageInputs(cat([.. parts], 0), geometry);
    }

    private SafetensorsFile File(string path) => files.TryGetValue(path, out SafetensorsFile? open) ? open : files[path] = SafetensorsFile.Open(path);

    private static string Plain(string name) => name == Path.GetFileName(name) && name.Length > 0
        ? name
        : throw new InvalidInputException($"'{name}' is not a plain name.");
}
