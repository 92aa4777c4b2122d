using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>The two small matrices at one linear layer: A [r, in], B [out, r].</summary>
internal sealed record LoraPair(Parameter A, Parameter B, double Scaling, double Dropout)
{
    /// <summary>y + scaling × B A dropout(x); y may be changed in place.</summary>
    public Tensor AddTo(Tensor y, Tensor x, bool training)
    {
        Tensor input = x.dtype == A.dtype ? x : x.to(A.dtype);
        if (training && Dropout > 0) input = nn.functional.dropout(input, Dropout, true);
        Tensor product = nn.functional.linear(nn.functional.linear(input, A), B);
        return y.add_(product.dtype == y.dtype ? product : product.to(y.dtype), Scaling);
    }
}
