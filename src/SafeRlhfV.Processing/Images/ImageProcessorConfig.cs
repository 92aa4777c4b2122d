using System.Text.Json;
using System.Text.Json.Nodes;

namespace SafeRlhfV.Processing;

/// <summary>
/// What all image processors read from `preprocessor_config.json`, or from the `image_processor` object of `processor_config.json` (the newer form).
/// </summary>
public sealed record ImageProcessorConfig
{
    // fields on which values and sizes depend
    private static readonly string[] Stated =
    [
        "resample", "rescale_factor", "do_rescale", "do_normalize", "do_resize", "do_center_crop", "do_pad", "image_mean", "image_std", "size", "crop_size",
        "min_pixels", "max_pixels", "patch_size",
        "merge_size", "temporal_patch_size", "image_grid_pinpoints", "min_patches", "max_patches",
    ];

    /// <summary>The object itself, for what single processors want.</summary>
    public required ConfigReader Reader { get; init; }

    /// <summary>`image_processor_type` without the endings that only tell how it is implemented; empty if the file does not say.</summary>
    public required string Kind { get; init; }

    /// <summary>The filter.</summary>
    public required ResampleFilter Filter { get; init; }

    /// <summary>The tables of values.</summary>
    internal PixelNormalizer Normalizer { get; private init; } = new(null, null, null);

    /// <summary>Means of the channels, of values in 0..1.</summary>
    public required IReadOnlyList<double> Mean { get; init; }

    /// <summary>The checkpoint folder that they were read from; null = they were not read from one.</summary>
    public string? Folder { get; private init; }

    /// <summary>Names of the settings that a caller gave, which went before the file's.</summary>
    internal IReadOnlyCollection<string> Given { get; private init; } = [];

    /// <summary>Finds and reads the file of a checkpoint folder.</summary>
    /// <param name="folder">The checkpoint folder.</param>
    /// <param name="overrides">Settings that go before the file's, such as `max_pixels`.</param>
    /// <exception cref="InvalidInputException">There is none, or a field is malformed.</exception>
    public static ImageProcessorConfig Load(string folder, JsonObject? overrides)
    {
        string newer = Path.Combine(folder, "processor_config.json"), older = Path.Combine(folder, "preprocessor_config.json");
        if (File.Exists(newer) && ConfigReader.Open(newer).Section("image_processor") is { } nested)
        {
            if (File.Exists(older)) RequireSame(nested, ConfigReader.Open(older), older);
            return Parse(WithOneLimit(nested), overrides, folder);
        }
        if (!File.Exists(older))
            throw new InvalidInputException(
                $"{older}: no such file, and processor_config.json holds no image_processor; copy the file from the model's folder.");
        return Parse(WithOneLimit(ConfigReader.Open(older)), overrides, folder);
    }

    /// <summary>Reads the object.</summary>
    /// <exception cref="InvalidInputException">A field is malformed.</exception>
    public static ImageProcessorConfig Parse(ConfigReader reader)
    {
        string kind = reader.Text("image_processor_type", reader.Text("feature_extractor_type", ""));
        foreach (string ending in (string[])["Fast", "Pil"])
            if (kind.EndsWith(ending, StringComparison.Ordinal)) kind = kind[..^ending.Length];
        // the name that these classes had until 2022
        if (kind.EndsWith("FeatureExtractor", StringComparison.Ordinal)) kind = kind[..^"FeatureExtractor".Length] + "ImageProcessor";
        IReadOnlyList<double> mean = Channels(reader, "image_mean", [0.48145466, 0.4578275, 0.40821073]), deviation = Channels(reader, "image_std",
            [0.26862954, 0.26130258, 0.27577711]);
        if (deviation.Any(value => (float)value <= 0)) throw reader.Error("image_std", "must be above 0");
        bool rescales = reader.Flag("do_rescale", true), normalizes = reader.Flag("do_normalize", true);
        return new ImageProcessorConfig
        {
            Reader = reader,
            Kind = kind,
            Filter = (ResampleFilter)reader.Int("resample", (int)ResampleFilter.Bicubic, least: 0, most: 5),
            Normalizer = new PixelNormalizer(rescales ? reader.Number("rescale_factor", 1.0 / 255) : null, normalizes ? mean : null,
                normalizes ? deviation : null),
            Mean = mean,
        };
    }

    /// <summary>The same settings where the processor has other defaults for what the file leaves out.</summary>
    /// <param name="filter">The filter.</param>
    /// <param name="mean">Mean of every channel.</param>
    /// <param name="deviation">Deviation of every channel.</param>
    public ImageProcessorConfig WithDefaults(ResampleFilter filter, double mean, double deviation)
    {
        JsonObject missing = [];
        void Put(string name, JsonNode value)
        {
            if (!Reader.Has(name)) missing[name] = value;
        }
        Put("resample", (int)filter);
        Put("image_mean", new JsonArray(mean, mean, mean));
        Put("image_std", new JsonArray(deviation, deviation, deviation));
        return missing.Count == 0 ? this : Parse(Reader.With(missing));
    }

    /// <summary>Checks that the settings are of a processor that goes with the model; settings without a name go with every model.</summary>
    /// <param name="modelType">The model's family, for the message.</param>
    /// <param name="kinds">The processors that go with it.</param>
    /// <exception cref="InvalidInputException">They are of another one.</exception>
    public void RequireKind(string modelType, params ReadOnlySpan<string> kinds)
    {
        if (Kind.Length > 0 && !kinds.Contains(Kind)) throw Reader.Error("image_processor_type", $"'{Kind}' is not known with a {modelType} model");
    }

    /// <summary>A size (height, width): a number (a square), or an object of height and width; null if the field is missing.</summary>
    public (int Height, int Width)? Size(string name)
    {
        if (!Reader.Has(name)) return null;
        if (Reader.Element.GetProperty(name).ValueKind == JsonValueKind.Number)
        {
            int side = Reader.Int(name, most: ImageProcessor.MostSide);
            return (side, side);
        }
        ConfigReader size = Reader.Section(name)!;
        return (size.Int("height", most: ImageProcessor.MostSide), size.Int("width", most: ImageProcessor.MostSide));
    }

    private static ImageProcessorConfig Parse(ConfigReader file, JsonObject? given, string folder) =>
        Parse(file.With(given)) with { Folder = folder, Given = [.. (given ?? []).Select(setting => setting.Key)] };

    // Qwen: numbers of pixels under two names
    private static ConfigReader WithOneLimit(ConfigReader reader)
    {
        foreach ((string older, string newer) in new[] { ("min_pixels", "shortest_edge"), ("max_pixels", "longest_edge") })
            if (reader.Has(older) && reader.Section("size") is { } size && size.Has(newer) && size.Number(newer) != reader.Number(older))
                throw reader.Error(older, $"is {reader.Number(older)}, but size.{newer} is {size.Number(newer)}; leave one of them out");
        return reader;
    }

    // transformers takes the newer file and never looks at the older one: one of the two is not what the model was trained with
    private static void RequireSame(ConfigReader newer, ConfigReader older, string file)
    {
        foreach (string field in Stated.Where(field => newer.Has(field) && older.Has(field)))
        {
            (JsonElement one, JsonElement other) = (newer.Element.GetProperty(field), older.Element.GetProperty(field));
            bool isOtherForm = one.ValueKind != other.ValueKind && field is "size" or "crop_size"; // a number and an object may mean the same
            if (!isOtherForm && !JsonElement.DeepEquals(one, other))
                throw newer.Error(field, $"is {one.GetRawText()}, but {Path.GetFileName(file)} says {other.GetRawText()}; delete the file that is out of date");
        }
    }

    private static IReadOnlyList<double> Channels(ConfigReader reader, string name, double[] fallback)
    {
        IReadOnlyList<double> values = reader.Numbers(name) ?? fallback;
        return values.Count == 3 ? values : throw reader.Error(name, "must be three numbers");
    }
}
