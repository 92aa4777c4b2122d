using System.Text.Json;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// Pinned short trainings: loss and gradient norm at every step, chosen parameters after the first and the last. They run through the trainer that a user runs:
/// the case's conversations and images are written as a data set, and the trainer gets a folder and settings.
/// </summary>
internal static class ParityTraining
{
    /// <summary>Runs a case; gives the reason if it is skipped.</summary>
    /// <param name="folder">The checkpoint.</param>
    /// <param name="trainer">Trains.</param>
    /// <param name="reference">The case.</param>
    /// <param name="checks">Where results go.</param>
    public static string? Run(string folder, Func<ParityTrainingTask, ParityTrainingResult>? trainer, ParityCase reference, ParityChecks checks)
    {
        if (trainer is null) return "training cases are run by the parity verb, which has a trainer";
        JsonElement[] samples = [.. reference.Json.GetProperty("samples").EnumerateArray()];
        string images = Path.GetFullPath(Path.Combine(folder, "..", "..", "images"));
        if (Images(samples).FirstOrDefault(name => !File.Exists(Path.Combine(images, name))) is { } missing) return $"image {missing} is not in {images}";
        using (VisionLanguageModel model = Load(folder))
        using (no_grad()) ParityPass.Run(model, reference, checks);
        string work = Directory.CreateTempSubdirectory("safe-rlhf-v-parity-").FullName;
        try
        {
            WriteData(Path.Combine(work, "data"), samples, images);
            ParityTrainingTask task = Task(folder, work, samples.Length, reference.Field("optimizer")!.Value);
            ParityTrainingResult first = trainer(task with { Folder = Path.Combine(work, "first"), Steps = 1 }), all = trainer(task);
            Compare(first, "step1.", reference, checks);
            Compare(all, reference, checks);
            Compare(all, "final.", reference, checks);
            if (reference.Field("loss_after") is { } after)
            {
                // the loss of a step is that before its update
                ParityTrainingResult next = trainer(task with { Model = all.Result, Folder = Path.Combine(work, "after"), Steps = 1 });
                checks.Add("loss_after", Math.Abs(next.Losses[0] - after.GetDouble()), LossTolerance(reference));
            }
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
        return null;
    }

    /// <summary>A conversation that must be refused where data are read, with an error that names what is not supported.</summary>
    /// <inheritdoc cref="Run"/>
    public static string? Refuse(string folder, Func<ParityTrainingTask, ParityTrainingResult>? trainer, ParityCase reference, ParityChecks checks)
    {
        if (trainer is null) return "refusals are run by the parity verb, which has a trainer";
        string work = Directory.CreateTempSubdirectory("safe-rlhf-v-parity-").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(work, "data"));
            File.WriteAllText(Path.Combine(work, "data", "train.jsonl"), JsonSerializer.Serialize(new
            {
                messages = reference.Json.GetProperty("messages"),
                images = Array.Empty<string>(),
                response = "An answer.",
            }) + "\n");
            checks.Add("conversation that is not refused by name", IsRefused() ? 0 : 1, 0);
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
        return null;

        bool IsRefused()
        {
            try
            {
                trainer(new ParityTrainingTask(folder, Path.Combine(work, "data"), Path.Combine(work, "run"), Steps: 1, BatchSize: 1)
                {
                    LearningRate = 1e-3,
                    Beta1 = 0.9,
                    Beta2 = 0.95,
                    Epsilon = 1e-8,
                    WeightDecay = 0,
                    DecayNormsAndBiases = false,
                    MaxGradientNorm = 1,
                    TrainVisionTower = false,
                });
                return false;
            }
            catch (InvalidInputException error)
            {
                return error.Message.Contains("video", StringComparison.Ordinal);
            }
        }
    }

    private static ParityTrainingTask Task(string folder, string work, int rows, JsonElement settings)
    {
        double Number(string name) => settings.GetProperty(name).GetDouble();
        string Word(string name) => settings.TryGetProperty(name, out JsonElement word) ? word.GetString()! : "";
        return new ParityTrainingTask(folder, Path.Combine(work, "data"), Path.Combine(work, "run"), settings.GetProperty("steps").GetInt32(), rows)
        {
            LearningRate = Number("lr"),
            Beta1 = settings.GetProperty("betas")[0].GetDouble(),
            Beta2 = settings.GetProperty("betas")[1].GetDouble(),
            Epsilon = Number("eps"),
            WeightDecay = Number("weight_decay"),
            DecayNormsAndBiases = Word("decay_applies_to").StartsWith("all trained parameters", StringComparison.Ordinal),
            MaxGradientNorm = Number("grad_clip_norm"),
            TrainVisionTower = Word("frozen") != "vision_tower",
        };
    }

    private static IEnumerable<string> Images(IEnumerable<JsonElement> samples) =>
        samples.SelectMany(sample => sample.GetProperty("images").EnumerateArray()).Select(image => image.GetString()!).Distinct();

    private static void WriteData(string folder, JsonElement[] samples, string images)
    {
        Directory.CreateDirectory(folder);
        foreach (string name in Images(samples)) File.Copy(Path.Combine(images, name), Path.Combine(folder, name));
        File.WriteAllLines(Path.Combine(folder, "train.jsonl"), samples.Select(sample => JsonSerializer.Serialize(new
        {
            messages = sample.GetProperty("messages"),
            images = sample.GetProperty("images"),
            response = sample.GetProperty("response"),
        })));
    }

    private static void Compare(ParityTrainingResult result, ParityCase reference, ParityChecks checks)
    {
        checks.Add("losses", tensor(result.Losses.ToArray()), reference.Tensor("losses"), LossTolerance(reference));
        Tensor expected = reference.Tensor("grad_norms"), norms = tensor(result.GradientNorms.ToArray());
        double difference = norms.shape.SequenceEqual(expected.shape)
            ? ((norms - expected) / expected).abs().max().to(ScalarType.Float64).item<double>()
            : double.PositiveInfinity;
        checks.Add("grad_norms (relative)", difference, reference.Field("train_tolerance", "grad_norm_rel")?.GetDouble() ?? 1e-3);
    }

    // Adam turns noise in gradients near zero into whole steps: single elements may be off, the mean may not
    private static void Compare(ParityTrainingResult result, string prefix, ParityCase reference, ParityChecks checks)
    {
        using VisionLanguageModel model = Load(result.Result);
        using IDisposable noGrad = no_grad();
        Dictionary<string, Parameter> trained = ParityModel.Names(model);
        foreach (string name in reference.TensorNames.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)))
        {
            Parameter parameter = trained[name[prefix.Length..]];
            checks.Computed[name] = parameter.detach().clone();
            Tensor difference = (parameter - reference.Tensor(name)).abs();
            checks.Add(name + " (largest)", difference.max().item<float>(), reference.Field("train_tolerance", "parameter_max_abs")?.GetDouble() ?? 1e-3);
            checks.Add(name + " (mean)", difference.mean().item<float>(), reference.Field("train_tolerance", "parameter_mean_abs")?.GetDouble() ?? 2e-6);
        }
    }

    private static double LossTolerance(ParityCase reference) => Math.Min(1e-4, reference.Field("train_tolerance", "loss_abs")?.GetDouble() ?? 1e-4);

    private static VisionLanguageModel Load(string folder) => ModelCheckpoint.Load(folder, new LoadOptions { Dtype = ScalarType.Float32 });
}
