using SafeRlhfV.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Answers to one prompt, side by side in one row: each sees the prompt and itself, and none sees another.</summary>
/// <param name="Prompt">Columns of the prompt.</param>
/// <param name="Answer">Columns of each answer.</param>
public readonly record struct AnswerBranches(long Prompt, long Answer)
{
    /// <summary>Which of K columns each of the last <paramref name="queries"/> may see, [queries, K].</summary>
    /// <param name="keys">K.</param>
    /// <param name="queries">How many of the last columns ask.</param>
    /// <param name="window">Columns back that a query sees, itself among them, counted as if its answer stood alone behind the prompt; null = all.</param>
    /// <param name="device">Where the result lies.</param>
    internal Tensor Sees(long keys, long queries, int? window, Device device)
    {
        using DisposeScope scope = NewDisposeScope(); // some of these are as large as the mask of several rows
        using Scalar answer = Answer;
        Tensor column_K = Scalars.Range(keys, device: device), beyond_K = column_K.Minus(Prompt), isPrompt_K = beyond_K.lt(Scalars.Zero);
        Tensor branch_K = beyond_K.div(answer, RoundingMode.floor), place_K = where(isPrompt_K, column_K, beyond_K.remainder(answer).Plus(Prompt));
        Tensor Of(Tensor x_K) => x_K.narrow(0, keys - queries, queries).unsqueeze(1);
        Tensor back = Of(place_K) - place_K, sees = back.ge(Scalars.Zero).logical_and(isPrompt_K.logical_or(branch_K.eq(Of(branch_K))));
        if (window is not { } width) return sees.MoveToOuterDisposeScope();
        using Scalar span = width;
        return sees.logical_and(back.lt(span)).MoveToOuterDisposeScope();
    }
}
