using SafeRlhfV.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// x Wᵀ + b. On processors where products of bfloat16 are slow it is computed in float32 (<see cref="HalfProducts"/>), forward and backward, and rounded once.
/// For the backward pass the same tensors are kept as by libtorch's own, and none of them wider.
/// </summary>
internal sealed class HalfLinear : CustomFunction<HalfLinear>
{
    /// <summary>[..., in] → [..., out].</summary>
    public static Tensor Run(Tensor x, Tensor weight_OI, Tensor? bias_O = null)
    {
        if (!HalfProducts.AreSlow(weight_OI)) return FewRowProducts.TryRun(x, weight_OI, bias_O) ?? nn.functional.linear(x, weight_OI, bias_O);
        bool wanted = is_grad_enabled() && (x.requires_grad || weight_OI.requires_grad);
        if (!wanted && x.numel() < HalfProducts.FewRows * weight_OI.shape[1]) return nn.functional.linear(x, weight_OI, bias_O);
        using DisposeScope scope = NewDisposeScope();
        Tensor x_NI = x.reshape(-1, weight_OI.shape[1]);
        Tensor y_NO = wanted ? apply(x_NI, weight_OI) : HalfProducts.TimesTransposed(x_NI, weight_OI);
        if (bias_O is not null) y_NO = y_NO.Plus(bias_O.to(ScalarType.Float32));
        return y_NO.to(x.dtype).view([.. x.shape[..^1], weight_OI.shape[0]]).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override Tensor Forward(autograd.AutogradContext context, object[] arguments)
    {
        (Tensor x_NI, Tensor weight_OI) = ((Tensor)arguments[0], (Tensor)arguments[1]);
        (bool ofInput, bool ofWeight) = (x_NI.requires_grad, weight_OI.requires_grad);
        // a frozen weight needs no input, and an input without gradient no weight
        context.save_for_backward([ofWeight ? x_NI : weight_OI, ofInput ? weight_OI : x_NI]);
        context.save_data("wanted", (ofInput, ofWeight));
        using IDisposable noGrad = no_grad();
        return HalfProducts.TimesTransposed(x_NI, weight_OI);
    }

    /// <inheritdoc/>
    protected override List<Tensor?> Backward(autograd.AutogradContext context, Tensor gradient)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        (bool ofInput, bool ofWeight) = ((bool, bool))context.get_data("wanted");
        List<Tensor> saved = context.get_saved_variables();
        Tensor? input = ofInput ? HalfProducts.Times(gradient, saved[1]).to(saved[1].dtype).MoveToOuterDisposeScope() : null;
        Tensor? weight = ofWeight ? HalfProducts.OfWeight(gradient, saved[0]).MoveToOuterDisposeScope() : null;
        return [input, weight];
    }
}
