using SafeRlhfV.Objectives;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>What an adapter adds at one linear layer: A [r, in], B [out, r], with DoRA a magnitude for each output, with lora_bias a bias of B.</summary>
internal sealed record LoraPair(Parameter A, Parameter B, double Scaling, double Dropout)
{
    /// <summary>DoRA (Liu et al. 2024): the length of each row of the sum, [out]; null = plain LoRA.</summary>
    public Parameter? Magnitude { get; init; }

    /// <summary>Bias of B, [out]; null = none.</summary>
    public Parameter? Bias { get; init; }

    /// <summary>x Wᵀ + b with the adapter's part. x [N, in] → [N, out].</summary>
    public Tensor Run(Tensor x_NI, Tensor weight_OI, Tensor? bias_O, DropoutStream? dropout)
    {
        if (Magnitude is null)
        {
            Tensor y_NO = HalfLinear.Run(x_NI, weight_OI, bias_O);
            AddTo(y_NO, x_NI, dropout);
            return y_NO;
        }
        // m (W x + s B A x) / |W + s B A|; dropout reaches the product of W within it, too, and the bias is not scaled
        bool drops = dropout is not null && Dropout > 0;
        Tensor plain_NO = HalfLinear.Run(x_NI, weight_OI), input_NI = drops ? (x_NI * dropout!.Next(x_NI, Dropout)).Over(1 - Dropout) : x_NI;
        Tensor within_NO = drops ? HalfLinear.Run(input_NI, weight_OI) : plain_NO, scale_O = Scale(weight_OI);
        Tensor product_NO = nn.functional.linear(nn.functional.linear(input_NI.to(A.dtype), A), B).Times(Scaling);
        Tensor sum_NO = plain_NO.Plus((scale_O.Minus(1) * within_NO).Plus(scale_O * product_NO).to(plain_NO.dtype));
        return bias_O is null ? sum_NO : sum_NO.Plus(bias_O);
    }

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
        if (Bias is not null) y_NO.Plus_(Bias.Times(Scaling).to(y_NO.dtype));
    }

    /// <summary>y with the bias of B, for products with a merged matrix; itself where there is none.</summary>
    public Tensor AddBias(Tensor y) => Bias is null ? y : y.Plus(Bias.Times(Scaling).to(y.dtype));

    /// <summary>scaling × B A, [out, in], float32.</summary>
    public Tensor Change() => B.to(ScalarType.Float32).matmul(A.to(ScalarType.Float32)).Times_(Scaling);

    /// <summary>The matrix with the adapter's part in it, float32 where that is wider.</summary>
    public Tensor Merge(Tensor weight_OI)
    {
        Tensor sum_OI = weight_OI.Plus(Change());
        return Magnitude is null ? sum_OI : sum_OI * Scale(weight_OI).unsqueeze(1);
    }

    // the length is a constant for gradients
    private Tensor Scale(Tensor weight_OI)
    {
        Tensor length_O;
        using (no_grad()) length_O = weight_OI.Plus(Change()).Squared().sum(1).sqrt();
        return Magnitude! / length_O;
    }
}
