using SafeRlhfV.Objectives;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>The guard's heads for a batch of B: logits, or probabilities after <see cref="ToProbabilities"/>.</summary>
/// <param name="Verdict_B">"Unsafe", [B].</param>
/// <param name="Categories_BC">Each of the C = 20 categories by itself, [B, C].</param>
/// <param name="Severities_BS">The S = 4 severities, of which one holds, [B, S].</param>
public sealed record GuardOutput(Tensor Verdict_B, Tensor Categories_BC, Tensor Severities_BS)
{
    /// <summary>Takes the head's numbers apart: views of [B, 25].</summary>
    public static GuardOutput Split(Tensor outputs_BN) => new(
        outputs_BN.select(1, GuardHeads.Verdict),
        outputs_BN.narrow(1, GuardHeads.FirstCategory, GuardHeads.Categories.Count),
        outputs_BN.narrow(1, GuardHeads.FirstSeverity, GuardHeads.Severities.Count));

    /// <summary>Probabilities of these logits: sigmoid, sigmoid, softmax, each after its temperature; float32.</summary>
    public GuardOutput ToProbabilities(GuardTemperatures temperatures) => new(
        Verdict_B.to(ScalarType.Float32).Over(temperatures.Verdict).sigmoid(),
        Categories_BC.to(ScalarType.Float32).Over(temperatures.Category).sigmoid(),
        Severities_BS.to(ScalarType.Float32).Over(temperatures.Severity).softmax(-1));

    /// <summary>The same numbers, kept beyond the current dispose scope.</summary>
    internal GuardOutput MoveToOuterScope()
    {
        Verdict_B.MoveToOuterDisposeScope();
        Categories_BC.MoveToOuterDisposeScope();
        Severities_BS.MoveToOuterDisposeScope();
        return this;
    }
}
