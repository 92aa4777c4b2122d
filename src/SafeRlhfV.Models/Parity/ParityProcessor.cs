using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Nodes;
using SafeRlhfV.Processing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Cases of processors: conversations with images → text, ids, mask, image tokens, and pixel values.</summary>
internal static class ParityProcessor
{
    /// <summary>Runs a case; gives the reason if it is skipped.</summary>
    /// <param name="folder">The checkpoint.</param>
    /// <param name="reader">Reads image files; null = nobody can.</param>
    /// <param name="reference">The case.</param>
    /// <param name="checks">Where results go.</param>
    public static string? Run(string folder, Func<string, ParityImageLoading, RgbImage>? reader, ParityCase reference, ParityChecks checks)
    {
        if (!TryImages(folder, reader, reference, out ParityImages? images, out string? reason)) return reason;
        ModelConfig config = ModelConfig.Load(folder);
        switch (reference.Kind)
        {
            case "processor-images": images.Files(ImageProcessor.Load(folder, config), reference, checks, Path.Combine(folder, "cases")); break;
            case "processor-images-pan-and-scan": images.Crops(ImageProcessor.Load(folder, config, Settings(reference)), reference, checks); break;
            case "processor-double-bos": DoubleBegin(folder, config, reference, checks); break;
            case "processor-pad-square": images.PadSquare(config, reference, checks); break;
            default: Conversations(folder, config, images, reference, checks); break;
        }
        return null;
    }

    /// <summary>A `classify` case of ShieldGemma 2; gives the reason if it is skipped.</summary>
    /// <inheritdoc cref="Run"/>
    public static string? Classify(string folder, VisionLanguageModel model, Func<string, ParityImageLoading, RgbImage>? reader, ParityCase reference,
        ParityChecks checks)
    {
        if (!TryImages(folder, reader, reference, out ParityImages? images, out string? reason)) return reason;
        ParityGemma.Classify(model, ModelProcessor.Load(folder), images, reference, checks);
        return null;
    }

    private static bool TryImages(string folder, Func<string, ParityImageLoading, RgbImage>? reader, ParityCase reference,
        [NotNullWhen(true)] out ParityImages? images, out string? reason)
    {
        string where = Path.GetFullPath(Path.Combine(folder, "..", "..", "images"));
        reason = reader is null ? "cases of processors are run by the parity verb, which reads images"
            : Files(reference).FirstOrDefault(name => !File.Exists(Path.Combine(where, name))) is { } missing ? $"image {missing} is not in {where}" : null;
        images = reason is null ? new ParityImages(where, reader!) : null;
        return images is not null;
    }

    // a rendered text that is tokenised with the tokenizer's defaults
    private static void DoubleBegin(string folder, ModelConfig config, ParityCase reference, ParityChecks checks)
    {
        ImageProcessor processor = ImageProcessor.Load(folder, config);
        string placeholder = ChatFormat.For(config, folder).ImageToken, image = processor.TextOf(processor.Measure(1, 1)) ?? placeholder;
        string text = reference.Json.GetProperty("rendered")[0].GetString()!.Replace(placeholder, image, StringComparison.Ordinal);
        checks.Exact("input_ids", tensor(Tokenizer.Load(folder).Encode(text).Select(id => (long)id).ToArray()).unsqueeze(0));
    }

    /// <summary>The image of a forward case whose processor had another size than the folder's; nothing happens for other cases.</summary>
    public static void OtherSize(string folder, Func<string, ParityImageLoading, RgbImage>? reader, ParityCase reference, ParityChecks checks)
    {
        if (reader is null || reference.Field("image_processor_size") is not { } size) return;
        JsonObject settings = Settings(reference) ?? [];
        settings["size"] = new JsonObject { ["height"] = size.GetInt32(), ["width"] = size.GetInt32() };
        ModelConfig config = ModelConfig.Load(folder);
        ImageProcessor processor = config.Family.CreateImages(config, ImageProcessorConfig.Load(folder, settings));
        ParityImages images = new(Path.GetFullPath(Path.Combine(folder, "..", "..", "images")), reader);
        string file = Rows(reference).Single().Images.Single();
        RgbImage image = images.Read(file, ParityImageLoading.Converted);
        ProcessedImage processed = processor.Process(image);
        checks.Add("image_tokens_per_sample", Math.Abs(processed.Geometry.Tokens - reference.Field("image_tokens_per_sample")!.Value[0].GetInt32()), 0);
        images.One(file, image, processed, reference, checks);
    }

    // what the reference gave its image processor in the call
    private static JsonObject? Settings(ParityCase reference) =>
        (reference.Field("image_kwargs") ?? reference.Field("processor_kwargs")) is { } changes ? JsonNode.Parse(changes.GetRawText())!.AsObject() : null;

    private static IEnumerable<string> Files(ParityCase reference) => reference.Field("files") is { } files
        ? files.EnumerateArray().Select(file => (file.ValueKind == JsonValueKind.String ? file : file.GetProperty("file")).GetString()!)
        : reference.Kind == "processor-double-bos" ? [] : reference.Kind == "classify"
            ? reference.Json.GetProperty("images").EnumerateArray().Select(file => file.GetString()!) : Rows(reference).SelectMany(row => row.Images);

    // LLaVA: a list of samples; Qwen: parallel lists
    private static IEnumerable<(JsonElement Messages, string[] Images)> Rows(ParityCase reference)
    {
        static string[] Names(JsonElement list) => [.. list.EnumerateArray().Select(name => name.GetString()!)];
        return reference.Field("samples") is { } samples
            ? samples.EnumerateArray().Select(sample => (sample.GetProperty("messages"), Names(sample.GetProperty("images"))))
            : reference.Json.GetProperty("messages").EnumerateArray().Zip(reference.Json.GetProperty("images").EnumerateArray(),
                (messages, images) => (messages, Names(images)));
    }

    private static void Conversations(string folder, ModelConfig config, ParityImages images, ParityCase reference, ParityChecks checks)
    {
        JsonObject? settings = Settings(reference);
        ModelProcessor processor = new(folder, folder, config.Facts, Tokenizer.Load(folder), ImageProcessor.Load(folder, config, settings),
            ChatFormat.For(config, folder));
        ParityImageLoading loading = reference.Field("loader")?.GetString() switch
        {
            "pil" => ParityImageLoading.Opened,
            "path" => ParityImageLoading.FromPath,
            _ => ParityImageLoading.Converted,
        };
        // transformers takes images of a flat list one by one, whatever conversation they belong to
        bool isFlat = reference.Field("images_passed_as")?.GetString()?.StartsWith("one flat list", StringComparison.Ordinal) == true;
        List<EncodedPrompt> prompts = [];
        List<ImageGeometry[]> geometries = [];
        foreach ((JsonElement messages, string[] names) in Rows(reference))
        {
            RgbImage[] read = [.. names.Select(name => images.Read(name, loading))];
            IReadOnlyList<ChatTurn> turns = ParityTurns.Read(messages, read);
            EncodedPrompt prompt = isFlat
                ? processor.MeasurePrompt(turns, [.. read.Select(image => processor.Images.Measure(image.Width, image.Height))])
                : processor.EncodePrompt(turns);
            prompts.Add(prompt);
            geometries.Add(isFlat ? [.. read.Select(image => processor.Images.Measure(image.Width, image.Height))]
                : [.. prompt.Images.Select(image => image.Geometry)]);
            if (reference.Field("samples") is null && read.Length == 1) images.One(names[0], read[0], prompt.Images[0], reference, checks);
        }
        Compare(processor, prompts, geometries, isFlat, reference, checks);
    }

    private static void Compare(ModelProcessor processor, List<EncodedPrompt> prompts, List<ImageGeometry[]> geometries, bool isFlat, ParityCase reference,
        ParityChecks checks)
    {
        using DisposeScope scope = NewDisposeScope();
        int[][] ids = [.. prompts.Select(prompt => prompt.Ids)];
        TokenBatch batch = reference.Field("padding_side")?.GetString() == "right" ? TokenBatch.PadRight(ids, processor.PadTokenId)
            : TokenBatch.PadLeft(ids, processor.PadTokenId);
        checks.Exact("input_ids", batch.Ids_BL.MoveToOuterDisposeScope());
        checks.Exact("attention_mask", batch.Mask_BL.to(ScalarType.Int64).MoveToOuterDisposeScope());
        using (Scalar image = processor.Model.ImageTokenId)
            checks.Exact("token_type_ids", batch.Ids_BL.eq(image).to(ScalarType.Int64).MoveToOuterDisposeScope());
        JsonElement texts = reference.Field("rendered") ?? reference.Json.GetProperty("prompt");
        checks.Add("rendered", texts.EnumerateArray().Zip(prompts, (text, prompt) => text.GetString() == prompt.Text ? 0 : 1).Sum(), 0);
        if (reference.Field("expanded") is { } expanded)
        {
            JsonElement[] written = expanded.ValueKind == JsonValueKind.Array ? [.. expanded.EnumerateArray()] : [expanded];
            checks.Add("expanded", written.Zip(prompts, (text, prompt) => text.GetString() == prompt.Written ? 0 : 1).Sum(), 0);
        }
        ImageGeometry[] all = [.. geometries.SelectMany(row => row)];
        if (reference.Field("image_tokens_per_sample") is { } each)
            checks.Add("image_tokens_per_sample",
                each.EnumerateArray().Zip(geometries, (count, row) => count.GetInt32() == row.Sum(image => image.Tokens) ? 0 : 1).Sum(), 0);
        if (reference.Field("num_image_tokens") is { } tokens)
            checks.Add("num_image_tokens", Math.Abs(tokens.GetInt32() - all.Sum(image => image.Tokens)), 0);
        if (all.Length == 0) return;
        void Table(string name, IEnumerable<long[]> rows) =>
            checks.Exact(name, stack([.. rows.Select(row => tensor(row))], 0).MoveToOuterDisposeScope());
        Table("image_sizes", all.Select(image => new long[] { image.Height, image.Width }));
        Table("image_grid_thw", all.Select(image => new long[] { 1, image.GridHeight, image.GridWidth }));
        checks.Exact("batch_num_images", tensor(isFlat ? [.. all.Select(_ => 1L)]
            : geometries.Where(row => row.Length > 0).Select(row => row.LongLength).ToArray()).MoveToOuterDisposeScope());
    }
}
