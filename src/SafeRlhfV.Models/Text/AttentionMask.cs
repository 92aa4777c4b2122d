using SafeRlhfV.Objectives;
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
    /// <param name="images_BK">
    /// The number of the image that a column belongs to, 0 for text: tokens of one image see each other both ways. Null = images are seen as text is.
    /// </param>
    public static AttentionMask Build(Tensor valid_BK, long queries, ScalarType dtype, int? window = null, AnswerBranches? branches = null,
        Tensor? images_BK = null)
    {
        // what leads to the bias is as large as the bias itself, and must not stay until the pass ends
        using DisposeScope scope = NewDisposeScope();
        long keys = valid_BK.shape[1], past = keys - queries;
        bool windowed = window < keys;
        if (!windowed && branches is null && images_BK is null && HidesNothing(valid_BK, past == 0))
        {
            if (queries == 1) return new(null, false);
            if (past == 0) return new(null, true);
        }
        Tensor blocked = valid_BK.view(-1, 1, 1, keys).to(ScalarType.Bool).logical_not();
        Tensor? sees = branches is { } several ? several.Sees(keys, queries, window, valid_BK.device)
            : queries > 1 || windowed ? LookBack(ones([queries, keys], ScalarType.Bool, valid_BK.device).tril(past)) : null;
        if (sees is not null && images_BK is not null) sees = sees.logical_or(LookBack(SameImage(images_BK, queries)));
        if (sees is not null) blocked = blocked.logical_or(sees.logical_not());
        using Scalar least = finfo(dtype).min;
        Tensor bias = zeros(blocked.shape, dtype, valid_BK.device).masked_fill_(blocked, least);
        return new(bias.MoveToOuterDisposeScope(), false);

        // a window cuts what lies behind, never what is ahead in the same image
        Tensor LookBack(Tensor sees) => windowed ? sees.triu(past - window!.Value + 1) : sees;
    }

    // [B, 1, queries, K]
    private static Tensor SameImage(Tensor images_BK, long queries)
    {
        long keys = images_BK.shape[1];
        Tensor ofKey = images_BK.view(-1, 1, 1, keys), ofQuery = images_BK.narrow(1, keys - queries, queries).unsqueeze(1).unsqueeze(-1);
        return ofKey.eq(ofQuery).logical_and(ofKey.GreaterThan(0));
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
