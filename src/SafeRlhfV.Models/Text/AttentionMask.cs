using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// What each query may see, built once per pass. Blocked pairs get the type's lowest finite number, not minus infinity: a query that may see nothing
/// (padding on the left) then has a finite result that nobody reads.
/// </summary>
/// <param name="Bias">Added to the scores, [B or 1, 1, L, K]; null = nothing is blocked but the future.</param>
/// <param name="Causal">With no bias: the future is blocked (false for a single query, which is the last).</param>
public readonly record struct AttentionMask(Tensor? Bias, bool Causal)
{
    /// <summary>Builds the mask of one pass.</summary>
    /// <param name="valid_BK">Which of the K columns, cached ones first, are valid.</param>
    /// <param name="queries">New columns L, the last of the K.</param>
    /// <param name="dtype">Type of the scores.</param>
    /// <param name="window">Columns back that a query sees, itself among them; null = all.</param>
    /// <param name="branches">Columns that are answers to one prompt, side by side; null = the columns are one text.</param>
    public static AttentionMask Build(Tensor valid_BK, long queries, ScalarType dtype, int? window = null, AnswerBranches? branches = null)
    {
        // what leads to the bias is as large as the bias itself, and must not stay until the pass ends
        using DisposeScope scope = NewDisposeScope();
        long keys = valid_BK.shape[1], past = keys - queries;
        bool windowed = window < keys;
        if (!windowed && branches is null && HidesNothing(valid_BK, past == 0))
        {
            if (queries == 1) return new(null, false);
            if (past == 0) return new(null, true);
        }
        Tensor blocked = valid_BK.view(-1, 1, 1, keys).to(ScalarType.Bool).logical_not();
        if (branches is { } several) blocked = blocked.logical_or(several.Sees(keys, queries, window, valid_BK.device).logical_not_());
        else if (queries > 1 || windowed)
        {
            Tensor band = ones([queries, keys], ScalarType.Bool, valid_BK.device).tril(past);
            if (windowed) band = band.triu(past - window!.Value + 1);
            blocked = blocked.logical_or(band.logical_not());
        }
        using Scalar least = finfo(dtype).min;
        Tensor bias = zeros(blocked.shape, dtype, valid_BK.device).masked_fill_(blocked, least);
        return new(bias.MoveToOuterDisposeScope(), false);
    }

    // padding that comes after all valid columns is hidden by the future's mask already
    private static bool HidesNothing(Tensor valid_BK, bool whole)
    {
        if (valid_BK.all().item<bool>()) return true;
        if (!whole || valid_BK.shape[1] < 2) return false;
        long keys = valid_BK.shape[1];
        Tensor valid = valid_BK.to(ScalarType.Bool);
        return !valid.narrow(1, 1, keys - 1).logical_and(valid.narrow(1, 0, keys - 1).logical_not()).any().item<bool>()
            && valid.narrow(1, 0, 1).all().item<bool>();
    }
}
