using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Objectives.Tests;

/// <summary>An exception in a backward pass of our own reaches the caller, and the process goes on.</summary>
public sealed class CustomFunctionTests
{
    [Theory, InlineData(0, false), InlineData(1, false), InlineData(3, false), InlineData(0, true), InlineData(3, true)]
    public void ExceptionsOfBackwardPassesReachTheCaller(int dimensions, bool firstIsFrozen)
    {
        using DisposeScope scope = NewDisposeScope();
        long[] shape = [.. Enumerable.Repeat(2L, dimensions)];
        Tensor x = ones(shape).requires_grad_(!firstIsFrozen), y = ones(shape).requires_grad_(true);
        for (int attempt = 0; attempt < 3; attempt++)
            Assert.Equal("too hot", Assert.Throws<TimeoutException>(() => Failing.Run(x.alias(), "other", y.exp()).sum().Backward()).Message);
        Assert.Null(y.grad);
        y.exp().sum().Backward();
        Assert.Equal(MathF.E, y.grad!.flatten()[0].item<float>(), 1e-6);
    }

    [Fact]
    public void SoDoThoseOfAPassWithinAPass()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = ones(2, 3).requires_grad_(true);
        Assert.Equal("too hot", Assert.Throws<TimeoutException>(() => Nested.Run(x).sum().Backward()).Message);
    }

    [Fact]
    public void ErrorsOfLibtorchStayItsOwn()
    {
        using DisposeScope scope = NewDisposeScope();
        Assert.Contains("does not require grad", Assert.Throws<System.Runtime.InteropServices.ExternalException>(() => ones(1).Backward()).Message,
            StringComparison.Ordinal);
    }

    private sealed class Failing : CustomFunction<Failing>
    {
        public static Tensor Run(params object[] arguments) => apply(arguments);

        protected override Tensor Forward(autograd.AutogradContext context, object[] arguments) => ((Tensor)arguments[^1]).clone();

        protected override List<Tensor?> Backward(autograd.AutogradContext context, Tensor gradient) => throw new TimeoutException("too hot");
    }

    private sealed class Nested : CustomFunction<Nested>
    {
        public static Tensor Run(Tensor x) => apply(x);

        protected override Tensor Forward(autograd.AutogradContext context, object[] arguments)
        {
            context.save_for_backward([(Tensor)arguments[0]]);
            return ((Tensor)arguments[0]).clone();
        }

        protected override List<Tensor?> Backward(autograd.AutogradContext context, Tensor gradient)
        {
            using IDisposable grad = enable_grad();
            Tensor x = context.get_saved_variables()[0].detach().requires_grad_(true);
            Failing.Run(x).Backward(gradient);
            return [x.grad];
        }
    }
}
