using SafeRlhfV.Objectives;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>The two small matrices at one linear layer: A [r, in], B [out, r].</summary>
internal sealed record LoraPair(Parameter A, Parameter B, double Scaling, double Dropout)
{
    /// <summary>Adds scaling × B A dropout(x) to y in place. x [N, in], y [N, out].</summary>
    public void AddTo(Tensor y_NO, Tensor x_NI, DropoutStream? dropout)
    {
        Tensor input = x_NI.dtype == A.dtype ? x_NI : x_NI.to(A.dtype);
        double scaling = Scaling;
        if (dropout is not null && Dropout > 0)
        {
            input = input * dropout.Next(input, Dropout);
            scaling /= 1 - Dropout; // what is kept makes up for what is not
        }
        Tensor narrow_NR = nn.functional.linear(input, A);
        if (A.dtype == y_NO.dtype) y_NO.addmm_(narrow_NR, B.t(), 1, (float)scaling);
        else
        {
            using Scalar alpha = scaling;
            y_NO.add_(nn.functional.linear(narrow_NR, B).to(y_NO.dtype), alpha);
        }
    }

    /// <summary>scaling × B A, [out, in], float32.</summary>
    public Tensor Change() => B.to(ScalarType.Float32).matmul(A.to(ScalarType.Float32)).Times_(Scaling);
}
