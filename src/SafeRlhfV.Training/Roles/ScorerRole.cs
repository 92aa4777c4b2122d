using SafeRlhfV.Models;
using SafeRlhfV.Objectives;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>A head of one or more outputs on a backbone, with a constant shift after it: the head has no bias, and a calibrated score may need one.</summary>
/// <param name="model">The backbone.</param>
/// <param name="head">The head.</param>
/// <param name="adapter">The adapter's name; null = the bare backbone.</param>
/// <param name="shifts">Added to every score, one for each output of each head; null = nothing.</param>
public sealed class ScorerRole(VisionLanguageModel model, ScoreHead head, string? adapter = null, IReadOnlyList<double>? shifts = null) : Role(model, adapter)
{
    /// <summary>The head.</summary>
    public ScoreHead Head => head;

    /// <inheritdoc/>
    public override IReadOnlyList<(string Name, Parameter Parameter)> Trainable(bool visionTower = false)
    {
        // the backbone's own output matrix takes no part in a score
        IntPtr? output = Adapter is null && !Model.Config.TieWordEmbeddings ? Model.OutputWeight?.Handle : null;
        return [.. base.Trainable(visionTower).Where(pair => pair.Parameter.Handle != output), ("score.weight", head.Weight)];
    }

    /// <summary>The score of each text, read at its last valid token: [B], or [B, n] with n outputs of all heads. float32 or better.</summary>
    public Tensor EndScores(SequenceBatch batch)
    {
        using DisposeScope scope = NewDisposeScope();
        // the states begin at the prompt's last column
        Tensor ends_B = Objectives.EndScores.LastValid(batch.Mask_BL).Minus(batch.PromptLength - 1);
        Tensor scores_Bn = Lift(head.Forward(Objectives.EndScores.At(States(batch), ends_B)));
        return scores_Bn.MoveToOuterDisposeScope();
    }

    /// <summary>The value of the state before each answer token, read at the column before it: [B, T], or [B, T, n] with n outputs.</summary>
    public Tensor Values(SequenceBatch batch)
    {
        using DisposeScope scope = NewDisposeScope();
        return Lift(head.Forward(States(batch).narrow(1, 0, batch.ResponseLength))).MoveToOuterDisposeScope();
    }

    private Tensor Lift(Tensor scores)
    {
        Tensor wide = scores.dtype is ScalarType.BFloat16 or ScalarType.Float16 ? scores.to(ScalarType.Float32) : scores;
        if (shifts is null || shifts.All(shift => shift == 0)) return wide;
        return shifts.Count == 1 ? wide.Plus(shifts[0]) : wide.Plus(tensor(shifts.ToArray(), wide.dtype, wide.device));
    }
}
