using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using SafeRlhfV.Processing;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Cases of image processors: pixel values and token counts of image files, which lie in `../../images` beside the checkpoints.</summary>
/// <param name="folder">The folder of the images.</param>
/// <param name="reader">Reads an image file.</param>
internal sealed class ParityImages(string folder, Func<string, ParityImageLoading, RgbImage> reader)
{
    private const double OtherDecoder = 0.06; // decoders of lossy files round differently

    private static readonly (string Name, ParityImageLoading Loading)[] Policies =
        [("", ParityImageLoading.Converted), ("pil", ParityImageLoading.Opened), ("path", ParityImageLoading.FromPath)];

    private int wrongTokens, wrongHashes, wrongDecodings;
    private double worstExact, worstOther;
    private bool hasPixels;

    /// <summary>Reads an image of the folder.</summary>
    public RgbImage Read(string name, ParityImageLoading loading) => reader(Path.Combine(folder, name), loading);

    /// <summary>A `processor-images` case.</summary>
    public void Files(ImageProcessor processor, ParityCase reference, ParityChecks checks, string cases)
    {
        foreach ((int index, JsonElement entry) in reference.Json.GetProperty("files").EnumerateArray().Index())
        {
            string file = entry.GetProperty("file").GetString()!;
            bool isExact = IsExact(file, Read(file, ParityImageLoading.Converted), entry.GetProperty("rgb_sha256").GetString()!);
            // LLaVA-OneVision tells a single image from one of several
            foreach ((string mode, string key, int count) in entry.TryGetProperty("single", out _)
                ? new[] { ("single", "pixel_values", 1), ("multi", "pixel_values_multi", 2) } : [("", "pixel_values", 1)])
                foreach ((string policy, ParityImageLoading loading) in Policies)
                {
                    ProcessedImage processed = processor.ForImages(count).Process(Read(file, loading));
                    JsonElement expected = mode.Length > 0 ? entry.GetProperty(mode) : entry;
                    Facts(expected, policy, processed, isExact);
                    if (processor is InternVlImageProcessor tiles && policy.Length == 0 && entry.TryGetProperty("grid_columns_rows", out JsonElement grid)
                        && tiles.GridOf(processed.Geometry.Width, processed.Geometry.Height) != (grid[0].GetInt32(), grid[1].GetInt32())) wrongTokens++;
                    bool stored = policy.Length == 0 || reference.Has($"{key}_{policy}.{file}") || Is(expected, $"same_as_rgb.{policy}");
                    string name = reference.Has($"{key}_{policy}.{file}") ? $"{key}_{policy}.{file}" : $"{key}.{file}";
                    if (stored && reference.Has(name)) Pixels(reference.Tensor(name), processed, isExact);
                    else if (stored && reference.Has(key)) Pixels(reference.Tensor(key)[index], processed, isExact);
                }
            if (entry.TryGetProperty("decoded_png", out JsonElement png) && reference.Has("pixel_values"))
                Pixels(reference.Tensor("pixel_values")[index],
                    processor.Process(reader(Path.Combine(cases, png.GetString()!), ParityImageLoading.Converted)), isExact: true);
        }
        Report(reference, checks);
    }

    /// <summary>A `processor-pad-square` case, whose settings are its own.</summary>
    public void PadSquare(ModelConfig config, ParityCase reference, ParityChecks checks)
    {
        ImageProcessor processor = ImageProcessor.Parse(ConfigReader.Parse(System.Text.Encoding.UTF8.GetBytes(
            reference.Json.GetProperty("config").GetRawText()), reference.Name), config);
        foreach ((int index, JsonElement file) in reference.Json.GetProperty("files").EnumerateArray().Index())
            Pixels(reference.Tensor("pixel_values")[index], processor.Process(Read(file.GetString()!, ParityImageLoading.Converted)),
                !IsLossy(file.GetString()!));
        Report(reference, checks);
    }

    /// <summary>A `processor-images-pan-and-scan` case: pixel values of images and their crops, and a table of sizes.</summary>
    public void Crops(ImageProcessor processor, ParityCase reference, ParityChecks checks)
    {
        int wrongBoxes = 0;
        foreach (JsonElement entry in reference.Json.GetProperty("files").EnumerateArray())
        {
            string file = entry.GetProperty("file").GetString()!;
            ProcessedImage processed = processor.Process(Read(file, ParityImageLoading.Converted));
            if (processed.Geometry.Rows != 1 + entry.GetProperty("num_crops").GetInt32()) wrongTokens++;
            JsonElement size = entry.GetProperty("size_wh"), settings = reference.Json.GetProperty("image_kwargs");
            if (!SameBoxes(settings, size[0].GetInt32(), size[1].GetInt32(), entry)) wrongBoxes++;
            if (reference.Has("pixel_values." + file)) Pixels(reference.Tensor("pixel_values." + file), processed, !IsLossy(file));
        }
        wrongBoxes += reference.Json.GetProperty("table").EnumerateArray()
            .Count(row => !SameBoxes(row, row.GetProperty("width").GetInt32(), row.GetProperty("height").GetInt32(), row));
        checks.Add("boxes of crops", wrongBoxes, 0);
        Report(reference, checks);
    }

    private static bool SameBoxes(JsonElement settings, int width, int height, JsonElement expected)
    {
        PanAndScan cut = new(settings.GetProperty("pan_and_scan_min_crop_size").GetInt32(), settings.GetProperty("pan_and_scan_max_num_crops").GetInt32(),
            settings.GetProperty("pan_and_scan_min_ratio_to_activate").GetDouble());
        return cut.Crops(width, height).Select(box => (box.Left, box.Top, box.Width, box.Height)).SequenceEqual(expected.GetProperty("boxes_xywh")
            .EnumerateArray().Select(box => (box[0].GetInt32(), box[1].GetInt32(), box[2].GetInt32(), box[3].GetInt32())));
    }

    /// <summary>Compares one image of a case that keeps the hash of what was decoded.</summary>
    public void One(string file, RgbImage image, ProcessedImage processed, ParityCase reference, ParityChecks checks)
    {
        bool isExact = reference.Field("decoded_rgb_sha256") is not { } hash ? !IsLossy(file) : IsExact(file, image, hash.GetString()!);
        if (reference.Has("pixel_values")) Pixels(reference.Tensor("pixel_values"), processed, isExact);
        Report(reference, checks);
    }

    private void Report(ParityCase reference, ParityChecks checks)
    {
        checks.Add("images decoded otherwise", wrongDecodings, 0);
        checks.Add("image tokens or tiles", wrongTokens, 0);
        checks.Add("hashes of pixel values", wrongHashes, 0);
        if (!hasPixels) return;
        checks.Add("pixel_values", worstExact, reference.Tolerance("pixel_values", 1e-6).Absolute);
        checks.Add("pixel_values of lossy files", worstOther, OtherDecoder);
    }

    private void Facts(JsonElement expected, string policy, ProcessedImage processed, bool isExact)
    {
        JsonElement? Field(string name) => policy.Length > 0 && (expected.TryGetProperty($"{name}.{policy}", out JsonElement other)
            || (expected.TryGetProperty(policy, out JsonElement apart) && apart.TryGetProperty(name, out other))) ? other
            : (policy.Length == 0 || Is(expected, $"same_as_rgb.{policy}")) && expected.TryGetProperty(name, out JsonElement plain) ? plain : null;
        if (Field("num_image_tokens") is { } tokens && tokens.GetInt32() != processed.Geometry.Tokens) wrongTokens++;
        if (Field("tiles") is { } tiles && tiles.GetInt32() != processed.Geometry.Rows) wrongTokens++;
        if (isExact && Field("pixel_values_sha256") is { } hash && hash.GetString() != Hash(MemoryMarshal.AsBytes(processed.Pixels.AsSpan()))) wrongHashes++;
    }

    private void Pixels(Tensor expected, ProcessedImage processed, bool isExact)
    {
        hasPixels = true;
        double worst = expected.numel() == processed.Pixels.Length
            ? (tensor(processed.Pixels) - expected.reshape(-1)).abs().max().item<float>() : double.PositiveInfinity;
        if (isExact) worstExact = Math.Max(worstExact, worst);
        else worstOther = Math.Max(worstOther, worst);
    }

    private bool IsExact(string file, RgbImage image, string hash)
    {
        bool isExact = Hash(image.Pixels) == hash;
        if (!isExact && !IsLossy(file)) wrongDecodings++;
        return isExact;
    }

    private static bool Is(JsonElement entry, string name) => entry.TryGetProperty(name, out JsonElement flag) && flag.ValueKind == JsonValueKind.True;

    private static bool IsLossy(string file) => file.EndsWith(".jpg", StringComparison.Ordinal) || file.Contains("lossy.", StringComparison.Ordinal);

    private static string Hash(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
