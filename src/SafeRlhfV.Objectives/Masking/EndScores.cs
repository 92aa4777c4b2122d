using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>
/// The score of a whole text: the head without bias, read at each row's last valid token by the attention mask, whatever the padding side. (The released code
/// reads the last column, which under right padding is a pad.) n: outputs of the head.
/// </summary>
public static class EndScores
{
    /// <summary>Column of each row's last valid token, int64 [B].</summary>
    /// <param name="mask_BL">bool or integer; non-zero is valid.</param>
    /// <exception cref="ArgumentException">A row has no valid token; the message names it.</exception>
    public static Tensor LastValid(Tensor mask_BL)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor columns_L = Scalars.Range(mask_BL.shape[1], device: mask_BL.device);
        // (column + 1) × valid: the greatest is the last valid column plus one, and 0 for an empty row
        Tensor ends_B = columns_L.Plus(1).unsqueeze(0).mul(mask_BL.ne(Scalars.Zero)).amax(new long[] { 1 }).sub_(Scalars.One);
        int empty = Array.IndexOf(ends_B.cpu().data<long>().ToArray(), -1);
        if (empty >= 0) throw new ArgumentException($"Row {empty} of the batch has no valid token: there is nothing to score.", nameof(mask_BL));
        return ends_B.MoveToOuterDisposeScope();
    }

    /// <summary>The head at every state: [..., H] · [n, H] → [..., n], or [...] with one output.</summary>
    public static Tensor PerState(Tensor states, Tensor weight_nH)
    {
        Tensor scores = nn.functional.linear(states, weight_nH);
        return weight_nH.shape[0] == 1 ? scores.squeeze(-1) : scores;
    }

    /// <summary>The scores at the given columns: [B, L] → [B], or [B, L, n] → [B, n].</summary>
    /// <param name="scores">A score, or n, a token.</param>
    /// <param name="ends_B">As <see cref="LastValid"/> gives them.</param>
    public static Tensor At(Tensor scores, Tensor ends_B)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor ends_B1 = ends_B.unsqueeze(1);
        Tensor end = scores.dim() == 2
            ? scores.gather(1, ends_B1).squeeze(1)
            : scores.gather(1, ends_B1.unsqueeze(2).expand(-1, -1, scores.shape[2])).squeeze(1);
        return end.MoveToOuterDisposeScope();
    }
}
