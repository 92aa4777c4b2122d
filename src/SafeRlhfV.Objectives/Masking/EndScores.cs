using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>
/// The score of a whole text: the scalar head read at each row's last valid token by the attention mask, whatever the padding side. (The released code reads
/// the last column, which under right padding is a pad.)
/// </summary>
public static class EndScores
{
    /// <summary>Column of each row's last valid token, int64 [B]; -1 for a row without any, which <see cref="At"/> then refuses.</summary>
    /// <param name="mask_BL">bool or integer; non-zero is valid.</param>
    public static Tensor LastValid(Tensor mask_BL)
    {
        using var scope = NewDisposeScope();
        Tensor columns_L = Scalars.Range(mask_BL.shape[1], device: mask_BL.device);
        // (column + 1) × valid: the greatest is the last valid column plus one, and 0 for an empty row
        return columns_L.Plus(1).unsqueeze(0).mul(mask_BL.ne(Scalars.Zero)).amax(new long[] { 1 }).sub_(Scalars.One).MoveToOuterDisposeScope();
    }

    /// <summary>A scalar head over all tokens: [B, L, H] · [1, H] → [B, L].</summary>
    public static Tensor PerToken(Tensor hidden_BLH, Tensor weight_1H) => hidden_BLH.matmul(weight_1H.squeeze(0));

    /// <summary>The scores at each row's last valid token, [B].</summary>
    /// <param name="scores_BL">A score a token.</param>
    /// <param name="mask_BL">bool or integer; non-zero is valid. Every row needs a valid token.</param>
    public static Tensor At(Tensor scores_BL, Tensor mask_BL)
    {
        using var scope = NewDisposeScope();
        return scores_BL.gather(1, LastValid(mask_BL).unsqueeze(1)).squeeze(1).MoveToOuterDisposeScope();
    }

    /// <summary>The same from hidden states, applying the head to the B last tokens only.</summary>
    /// <param name="hidden_BLH">Hidden states after the final norm.</param>
    /// <param name="weight_1H">The head, without bias.</param>
    /// <param name="mask_BL">bool or integer; non-zero is valid. Every row needs a valid token.</param>
    public static Tensor FromHidden(Tensor hidden_BLH, Tensor weight_1H, Tensor mask_BL)
    {
        using var scope = NewDisposeScope();
        Tensor index_B1H = LastValid(mask_BL).view(-1, 1, 1).expand(-1, 1, hidden_BLH.shape[2]);
        return hidden_BLH.gather(1, index_B1H).squeeze(1).matmul(weight_1H.squeeze(0)).MoveToOuterDisposeScope();
    }
}
