using SafeRlhfV.Processing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Runs every reference case of a checkpoint folder and compares with what transformers gave.</summary>
public static class ParityRunner
{
    /// <summary>Runs the cases in <paramref name="folder"/>/cases, in float32 on the CPU.</summary>
    /// <param name="folder">A checkpoint folder with a `cases` folder in it.</param>
    /// <param name="dump">A folder for what we computed, one safetensors file a case; null = none.</param>
    /// <param name="progress">Told of every finished case.</param>
    /// <param name="cancellationToken">Stops between two cases.</param>
    /// <param name="counted">Told how many cases there are, before the first is run.</param>
    /// <param name="kind">Run the cases of this kind alone; null = all.</param>
    /// <param name="trainer">Runs training cases; without one they are skipped.</param>
    /// <param name="images">Reads the image files of processor cases; without it they are skipped.</param>
    /// <exception cref="InvalidInputException">There are no cases, or a file is missing or malformed.</exception>
    public static ParityReport Run(
        string folder, string? dump = null, Action<ParityCaseResult>? progress = null, CancellationToken cancellationToken = default,
        Action<int>? counted = null,
        string? kind = null, Func<ParityTrainingTask, ParityTrainingResult>? trainer = null,
        Func<string, ParityImageLoading, RgbImage>? images = null)
    {
        string cases = Path.Combine(folder, "cases");
        string[] paths = Directory.Exists(cases) ? [.. Directory.GetFiles(cases, "*.json").Order(StringComparer.Ordinal)] : [];
        if (paths.Length == 0) throw new InvalidInputException($"{folder}: there are no reference cases (cases/*.json) in it.");
        // a folder of a tokenizer alone has no model
        bool isTokenizer = File.Exists(Path.Combine(folder, "tokenizer.json")) && !File.Exists(Path.Combine(folder, "config.json"))
            && !File.Exists(Path.Combine(folder, "adapter_config.json"));
        using ParityModel? model = isTokenizer ? null : new(folder);
        if (dump is not null) Directory.CreateDirectory(dump);
        counted?.Invoke(paths.Length);
        List<ParityCaseResult> results = [];
        foreach (string path in paths)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using DisposeScope scope = NewDisposeScope();
            using ParityCase reference = ParityCase.Open(path);
            if (kind is not null && reference.Kind != kind) continue;
            ParityChecks checks = new(reference);
            string? skipped = null;
            if (reference.Kind == "tokenizer") ParityTokenizer.Run(Tokenizer.Load(folder), reference, checks);
            else skipped = model is null ? "there is no model in the folder" : model.Run(reference, checks, trainer, images);
            ParityCaseResult result = new(reference.Name, reference.Kind, checks.Checks, skipped);
            if (dump is not null && checks.Computed.Count > 0) SafetensorsWriter.Write(Path.Combine(dump, reference.Name + ".safetensors"), checks.Computed);
            results.Add(result);
            progress?.Invoke(result);
        }
        return new ParityReport(folder, results);
    }
}
