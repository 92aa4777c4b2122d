using System.Text.Json;
using SafeRlhfV.Objectives;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Loss and gradient cases.</summary>
internal static class ParityLoss
{
    /// <summary>Mean cross-entropy over the batch's labelled tokens (label -100 = none), shifted by one.</summary>
    public static Tensor Loss(VisionLanguageModel model, ParityPass pass, Tensor labels_BL)
    {
        long columns = labels_BL.shape[1];
        Tensor logits = model.Logits(pass.Hidden_BLH.narrow(1, 0, columns - 1)).to(ScalarType.Float32);
        return nn.functional.cross_entropy(logits.reshape(-1, logits.shape[2]), labels_BL.narrow(1, 1, columns - 1).reshape(-1), ignore_index: -100);
    }

    /// <summary>Compares the loss, every full gradient and every gradient norm that the case holds.</summary>
    /// <param name="model">The model.</param>
    /// <param name="reference">The case.</param>
    /// <param name="checks">Where results go.</param>
    /// <param name="parameters">The trained parameters by the names that the case uses.</param>
    public static void Run(VisionLanguageModel model, ParityCase reference, ParityChecks checks, IReadOnlyDictionary<string, Parameter> parameters)
    {
        foreach (Parameter parameter in parameters.Values) parameter.grad = null;
        Tensor labels = reference.Tensor("labels");
        ParityPass pass = ParityPass.Run(model, reference, checks);
        Tensor loss = Loss(model, pass, labels);
        loss.Backward();
        checks.Compare("loss", loss.detach(), "loss", 2e-5);
        if (reference.Has("response_logprobs"))
        {
            using IDisposable noGrad = no_grad();
            Tensor logp = pass.NextLogProbs(model).masked_fill(labels.narrow(1, 1, labels.shape[1] - 1).EqualTo(-100), Scalars.Zero);
            checks.Compare("response_logprobs", cat([zeros(logp.shape[0], 1), logp], 1), "response_logprobs", 1e-4);
        }
        foreach (string name in reference.TensorNames.Where(name => name.StartsWith("grad.", StringComparison.Ordinal)))
        {
            // relative to the gradient's own size, as the issue asks
            Tensor expected = reference.Tensor(name);
            if (!parameters.TryGetValue(name[5..], out Parameter? parameter))
            {
                checks.Add(name + " (no such parameter)", double.PositiveInfinity, 0);
                continue;
            }
            Tensor ours = parameter.grad ?? zeros_like(parameter);
            checks.Computed[name] = ours.detach();
            checks.Add(name, Relative((ours - expected).norm().item<float>(), expected.norm().item<float>(), 1e-6), GradientTolerance);
        }
        if (reference.TryTensor("grad_embed") is { } someRows)
        {
            Parameter table = parameters.First(pair => pair.Key.EndsWith("embed_tokens.weight", StringComparison.Ordinal)).Value;
            Tensor ours = (table.grad ?? zeros_like(table)).index_select(0, reference.Tensor("grad_embed_rows"));
            checks.Add("grad_embed", Relative((ours - someRows).norm().item<float>(), someRows.norm().item<float>(), 1e-6), GradientTolerance);
        }
        if ((reference.Field("grad_norm_per_parameter") ?? reference.Field("grad_norms")) is { ValueKind: JsonValueKind.Object } norms)
            CompareNorms(norms, parameters, checks);
        foreach (Parameter parameter in parameters.Values) parameter.grad = null;
    }

    private const double GradientTolerance = 1e-4, Noise = 1e-6;

    // gradients that are nothing but rounding noise, such as those of a key's bias, have no meaningful relative error
    private static double Relative(double difference, double expected, double floor) => difference <= Noise ? 0 : difference / Math.Max(expected, floor);

    private static void CompareNorms(JsonElement norms, IReadOnlyDictionary<string, Parameter> parameters, ParityChecks checks)
    {
        double worst = 0, total = 0;
        string where = "";
        List<string> unknown = [];
        foreach (JsonProperty property in norms.EnumerateObject())
        {
            double expected = property.Value.GetDouble();
            if (!parameters.TryGetValue(property.Name, out Parameter? parameter))
            {
                unknown.Add(property.Name);
                continue;
            }
            double ours = parameter.grad?.to(ScalarType.Float64).norm().item<double>() ?? 0;
            total += expected * expected;
            double difference = Relative(Math.Abs(ours - expected), expected, 1e-3);
            if (difference > worst) (worst, where) = (difference, property.Name);
        }
        checks.Add($"gradient norms{(where.Length > 0 ? $" (worst: {where})" : "")}", worst, GradientTolerance);
        if (unknown.Count > 0) checks.Add($"{unknown.Count} gradients of unknown parameters, such as {unknown[0]}", double.PositiveInfinity, 0);
        if (total == 0) checks.Add("gradient norms are all zero", double.PositiveInfinity, 0);
    }
}
