using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// Looks for numbers that are not finite. A model's outputs are looked at where they are read, at little cost; its weights only once an output is not finite.
/// </summary>
internal static class FiniteNumbers
{
    private const long Step = 1 << 22;

    /// <summary>Looks at all weights.</summary>
    /// <exception cref="InvalidInputException">One has a number that is not finite.</exception>
    public static void DemandWeights(VisionLanguageModel model)
    {
        if (BrokenWeight(model) is { } weight) throw new InvalidInputException($"{FolderOf(model)}{Broken(weight)}") { IsModelBroken = true };
    }

    // the first weight that has a number that is not finite, as its file names it; null = there is none
    private static string? BrokenWeight(VisionLanguageModel model)
    {
        foreach ((string name, Parameter parameter) in model.named_parameters())
            if (!AreIn(parameter)) return model.Origin?.Layout.ToFile(name) ?? name;
        return null;
    }

    /// <summary>Outputs as they are.</summary>
    /// <param name="outputs">The outputs.</param>
    /// <param name="model">The model that gave them.</param>
    /// <param name="what">Their name, in the plural.</param>
    /// <exception cref="InvalidInputException">One is not finite.</exception>
    public static float[] Demand(float[] outputs, VisionLanguageModel model, string what) =>
        outputs.All(float.IsFinite) ? outputs : throw Fault(model, what);

    /// <summary>The error for outputs that are not finite: it names the weight that is to blame, or the type.</summary>
    /// <param name="model">The model that gave them.</param>
    /// <param name="what">Their name, in the plural.</param>
    public static InvalidInputException Fault(VisionLanguageModel model, string what)
    {
        string folder = FolderOf(model), name = DtypeName(model);
        return new InvalidInputException(BrokenWeight(model) is { } weight
            ? $"{folder}{what} are not finite, since {Broken(weight)}"
            : $"{folder}{what} are not finite, and all of its weights are; {(name == "float16"
                ? "float16 is too narrow for it: load it as bfloat16 or float32 (dtype)." : $"they are too large for {name}: train it again.")}")
        { IsModelBroken = true };
    }

    private static string FolderOf(VisionLanguageModel model) => model.Origin is { } origin ? $"{origin.Folder}: " : "";

    private static string Broken(string weight) =>
        $"'{weight}' has numbers that are not finite; the checkpoint is broken: train or fetch it again.";

    // in steps: the answer for a whole table at once would take half as much memory again
    private static bool AreIn(Tensor weight)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor flat = weight.detach().view(-1);
        for (long at = 0; at < flat.shape[0]; at += Step)
        {
            using DisposeScope inner = NewDisposeScope();
            if (!flat.narrow(0, at, Math.Min(Step, flat.shape[0] - at)).isfinite().all().item<bool>()) return false;
        }
        return true;
    }

    private static string DtypeName(VisionLanguageModel model) => model.Decoder.Embedding.Weight.dtype.ToString().ToLowerInvariant();
}
