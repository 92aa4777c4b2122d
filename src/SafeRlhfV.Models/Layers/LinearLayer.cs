using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>x W^T + b. The adapter in use adds its low-rank product, or has other tensors in place of W and b.</summary>
public sealed class LinearLayer : AdaptedLayer
{
    private readonly Parameter? bias;
    private Parameter? weight;
    private EmbeddingLayer? table;

    /// <summary>Takes `weight` [out, in] and, if asked, `bias` [out].</summary>
    public LinearLayer(ParameterScope scope, int inputSize, int outputSize, bool withBias) : base(nameof(LinearLayer))
    {
        (InputSize, OutputSize) = (inputSize, outputSize);
        weight = scope.Take("weight", ParameterKind.LinearWeight, outputSize, inputSize);
        register_parameter("weight", weight);
        if (!withBias) return;
        bias = scope.Take("bias", ParameterKind.LinearBias, outputSize);
        register_parameter("bias", bias);
    }

    /// <summary>An output layer whose matrix is the embedding table; it has no parameters of its own.</summary>
    public LinearLayer(EmbeddingLayer table, int inputSize, int outputSize)
        : base(nameof(LinearLayer)) => (this.table, InputSize, OutputSize) = (table, inputSize, outputSize);

    /// <summary>Width of the input.</summary>
    public int InputSize { get; }

    /// <summary>Width of the output.</summary>
    public int OutputSize { get; }

    /// <summary>The matrix, [out, in].</summary>
    public Parameter Weight => weight ?? table!.Weight;

    /// <summary>The bias, [out]; null if there is none.</summary>
    public Parameter? Bias => bias;

    /// <summary>The matrix if the layer is x Wᵀ and nothing more; null where there is a bias or the adapter in use adds to it.</summary>
    public Tensor? PlainWeight => bias is null && ActivePair is null && Rows is null ? CurrentWeight : null;

    /// <summary>[..., in] → [..., out].</summary>
    public Tensor Forward(Tensor x)
    {
        if (Active is null) return HalfLinear.Run(x, Weight, bias);
        Tensor y = Adapted(x);
        return Rows is { } rows ? rows.PutColumns(y, x) : y;
    }

    internal override IEnumerable<(string Name, Parameter Value)> Own => bias is null ? [("weight", Weight)] : [("weight", Weight), ("bias", bias)];

    /// <summary>The matrices of the adapter in use; null where none is, or it adds nothing to this layer.</summary>
    internal LoraPair? ActivePair => Active?.PairAt(this);

    /// <summary>The matrix in use, without the low-rank product.</summary>
    internal Tensor CurrentWeight => Current("weight", Weight);

    /// <summary>The matrix in use with the low-rank product added.</summary>
    internal Tensor MergedWeight => ActivePair is { } pair ? pair.Merge(CurrentWeight) : CurrentWeight;

    /// <summary>True if the adapter in use changes the matrix.</summary>
    internal bool IsAdapted => Active is { } adapter && (adapter.PairAt(this) is not null || adapter.Replacement(this, "weight") is not null);

    /// <summary>Gives an output layer that shares the embedding table a copy of its own.</summary>
    public void Untie()
    {
        if (table is null) return;
        using IDisposable noGrad = no_grad();
        weight = new Parameter(table.Weight.clone(), table.Weight.requires_grad);
        weight.DetachFromDisposeScope();
        register_parameter("weight", weight);
        table = null;
    }

    // rows of the table that the adapter replaces are the output layer's, too, where they share it
    private TokenRows? Rows => Active is not { } adapter ? null : adapter.RowsAt(this) ?? (table is null ? null : adapter.RowsAt(table));

    private Tensor Adapted(Tensor x)
    {
        Tensor? currentBias = bias is null ? null : Current("bias", bias);
        if (ActivePair is not { } pair) return HalfLinear.Run(x, CurrentWeight, currentBias);
        if (AdapterFrame.Merged(Adapters!) is { } merged) return pair.AddBias(HalfLinear.Run(x, merged.Of(this, () => MergedWeight), currentBias));
        Tensor flat_NI = x.reshape(-1, InputSize);
        return pair.Run(flat_NI, CurrentWeight, currentBias, AdapterFrame.Dropout(Adapters!)).view([.. x.shape[..^1], OutputSize]);
    }
}
