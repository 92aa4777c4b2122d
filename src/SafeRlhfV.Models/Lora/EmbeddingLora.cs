using SafeRlhfV.Objectives;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>The low-rank product that an adapter adds to an embedding table: A [r, count], B [size, r].</summary>
internal sealed record EmbeddingLora(Parameter A, Parameter B, double Scaling)
{
    /// <summary>What is added to the vectors of ids [N]: [N, size].</summary>
    public Tensor Of(Tensor ids_N) => nn.functional.linear(A.index_select(1, ids_N).t(), B).Times(Scaling);

    /// <summary>What is added to the whole table, [count, size].</summary>
    public Tensor Change() => B.matmul(A).t().Times(Scaling);
}
