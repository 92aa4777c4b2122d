using System.Text.Json;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Pinned short trainings: loss and gradient norm at every step, chosen parameters after the first and the last.</summary>
internal static class ParityTraining
{
    public static void Run(Func<VisionLanguageModel> load, ParityCase reference, ParityChecks checks)
    {
        using VisionLanguageModel model = load();
        JsonElement settings = reference.Field("optimizer")!.Value;
        double Number(string name) => settings.GetProperty(name).GetDouble();
        if (settings.TryGetProperty("frozen", out JsonElement frozen) && frozen.GetString() == "vision_tower")
            foreach (Parameter parameter in model.VisionTowerParameters) parameter.requires_grad = false;
        Dictionary<string, Parameter> trained = model.named_parameters().Where(pair => pair.parameter.requires_grad).ToDictionary(pair => pair.name, pair => pair.parameter);
        using optim.Optimizer optimizer = optim.AdamW(
            trained.Values, Number("lr"), settings.GetProperty("betas")[0].GetDouble(), settings.GetProperty("betas")[1].GetDouble(), Number("eps"), Number("weight_decay"));
        int steps = settings.GetProperty("steps").GetInt32();
        Tensor labels = reference.Tensor("labels");
        using (no_grad()) ParityPass.Run(model, reference, checks);
        float[] losses = new float[steps], norms = new float[steps];
        for (int step = 0; step < steps; step++)
        {
            using DisposeScope scope = NewDisposeScope();
            optimizer.zero_grad();
            Tensor loss = ParityLoss.Loss(model, ParityPass.Run(model, reference), labels);
            loss.backward();
            losses[step] = loss.item<float>();
            norms[step] = (float)nn.utils.clip_grad_norm_(trained.Values, Number("grad_clip_norm"));
            optimizer.step();
            if (step == 0) Compare("step1.", trained, reference, checks);
        }
        double lossTolerance = reference.Field("train_tolerance", "loss_abs")?.GetDouble() ?? 1e-4;
        checks.Add("losses", tensor(losses), reference.Tensor("losses"), Math.Min(1e-4, lossTolerance));
        Tensor expectedNorms = reference.Tensor("grad_norms");
        checks.Add("grad_norms (relative)", ((tensor(norms) - expectedNorms) / expectedNorms).abs().max().item<float>(), reference.Field("train_tolerance", "grad_norm_rel")?.GetDouble() ?? 1e-3);
        Compare("final.", trained, reference, checks);
        if (reference.Field("loss_after") is not { } after) return;
        using IDisposable noGrad = no_grad();
        checks.Add("loss_after", Math.Abs(ParityLoss.Loss(model, ParityPass.Run(model, reference), labels).item<float>() - after.GetDouble()), Math.Min(1e-4, lossTolerance));
    }

    // Adam turns noise in gradients near zero into whole steps: single elements may be off, the mean may not
    private static void Compare(string prefix, Dictionary<string, Parameter> trained, ParityCase reference, ParityChecks checks)
    {
        using IDisposable noGrad = no_grad();
        foreach (string name in reference.TensorNames.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)))
        {
            Tensor difference = (trained[name[prefix.Length..]] - reference.Tensor(name)).abs();
            checks.Computed[name] = trained[name[prefix.Length..]].detach().clone().MoveToOuterDisposeScope();
            checks.Add(name + " (largest)", difference.max().item<float>(), reference.Field("train_tolerance", "parameter_max_abs")?.GetDouble() ?? 1e-3);
            checks.Add(name + " (mean)", difference.mean().item<float>(), reference.Field("train_tolerance", "parameter_mean_abs")?.GetDouble() ?? 2e-6);
        }
    }
}
