using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Rows of an embedding table that an adapter replaces (PEFT's trainable tokens).</summary>
/// <param name="Ids_K">Which rows, int64.</param>
/// <param name="Rows_KH">Their new values.</param>
internal sealed record TokenRows(Tensor Ids_K, Parameter Rows_KH)
{
    /// <summary>Vectors [N, H] of ids [N] with the new rows in place.</summary>
    public Tensor PutRows(Tensor vectors_NH, Tensor ids_N)
    {
        Tensor hit_NK = ids_N.unsqueeze(1).eq(Ids_K.unsqueeze(0));
        return where(hit_NK.any(1, true), Rows_KH.index_select(0, hit_NK.to(ScalarType.Int64).argmax(1)), vectors_NH);
    }

    /// <summary>Outputs y [..., count] of an output layer over the same table, with those of the new rows in place. x [..., H].</summary>
    public Tensor PutColumns(Tensor y, Tensor x) => y.index_copy(y.dim() - 1, Ids_K, nn.functional.linear(x, Rows_KH));
}
