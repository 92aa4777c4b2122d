namespace SafeRlhfV.Conventions.Tests;

/// <summary>
/// An exception that leaves a backward pass of our own ends the process. So such functions are CustomFunctions, which keep it, and passes are begun by
/// BackwardPass, which throws it.
/// </summary>
public sealed class BackwardTests
{
    private const string Function = "TorchSharp.torch+autograd+SingleTensorFunction", Pass = "TorchSharp.torch+Tensor::backward(";

    [Theory, MemberData(nameof(House.Rooms), MemberType = typeof(House))]
    public void BackwardPassesLetExceptionsThrough(string room)
    {
        string[] faults =
        [
            .. House.Load(room).GetTypes().Where(type => type.Name != "CustomFunction`1" && IsFunction(type)).Select(type => $"{type} is no CustomFunction"),
            .. CompiledMethod.In(House.Load(room)).Where(method => !method.Name.Contains("BackwardPass::", StringComparison.Ordinal)
                && method.Instructions.Any(instruction => instruction.Operand.StartsWith(Pass, StringComparison.Ordinal)))
                .Select(method => $"{method.Name} calls {Pass}"),
        ];
        Assert.Empty(faults);
    }

    private static bool IsFunction(Type type) => $"{type.BaseType}".StartsWith(Function, StringComparison.Ordinal);

    [Fact]
    public void BothAreFoundWhereTheyStand()
    {
        Assert.True(IsFunction(typeof(Objectives.CustomFunction<>)));
        Assert.Contains(CompiledMethod.In(typeof(Objectives.BackwardPass).Assembly), method => method.Name.Contains("BackwardPass::", StringComparison.Ordinal)
            && method.Instructions.Any(instruction => instruction.Operand.StartsWith(Pass, StringComparison.Ordinal)));
    }
}
