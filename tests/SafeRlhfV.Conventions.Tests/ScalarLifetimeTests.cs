using System.Reflection;
using System.Reflection.Emit;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Conventions.Tests;

/// <summary>
/// TorchSharp frees a temporary Scalar while libtorch may still read it (docs/decisions/0006). So a number reaches libtorch only from a static readonly field
/// or from a
/// <c>using</c>; and TorchSharp's own methods that make a temporary inside, such as the operators between tensors and numbers, are not called at all. Nor are
/// its scripts, whose arguments it frees with a wrong size; TensorScript runs them.
/// </summary>
public sealed class ScalarLifetimeTests
{
    private const string Conversion = "TorchSharp.Scalar::op_Implicit(", Making = "TorchSharp.ScalarExtensionMethods::ToScalar(",
        Script = "TorchSharp.torch+jit+";

    // methods of TorchSharp that make a scalar for one call, directly or by way of another
    private static readonly Lazy<IReadOnlySet<string>> Makers = new(() =>
    {
        IReadOnlyList<CompiledMethod> methods = CompiledMethod.In(typeof(Scalar).Assembly);
        HashSet<string> makers = [.. methods.Where(method => method.Instructions.Any(MakesOne) && !IsMaking(method.Name)).Select(method => method.Name)];
        int known;
        do
        {
            known = makers.Count;
            makers.UnionWith(methods.Where(method => !IsMaking(method.Name) && method.Instructions.Any(instruction => makers.Contains(instruction.Operand)))
                .Select(method => method.Name));
        }
        while (makers.Count > known);
        return makers;

        static bool MakesOne(CompiledMethod.Instruction instruction) => IsMaking(instruction.Operand)
            || instruction.Operand.StartsWith("TorchSharp.Scalar::.ctor(", StringComparison.Ordinal);
    });

    [Theory, MemberData(nameof(House.Rooms), MemberType = typeof(House))]
    public void NumbersOutliveTheCallsTheyAreHandedTo(string room)
    {
        string[] faults = [.. Faults(House.Load(room), "")];
        Assert.True(faults.Length == 0, $"Use Scalars and TensorArithmetic, or 'using Scalar x = ...':\n{string.Join('\n', faults)}");
    }

    [Fact]
    public void EveryKindOfTemporaryIsFound()
    {
        string[] found = [.. Faults(typeof(Samples).Assembly, $"{typeof(Samples).FullName}::").Select(fault => fault.Split(' ')[0].Split("::")[1])];
        Assert.Equal(typeof(Samples).GetMethods(BindingFlags.Static | BindingFlags.NonPublic).Select(method => method.Name)
            .Where(name => name.StartsWith("Wrong", StringComparison.Ordinal)).Order(), found.Order());
    }

    private static IEnumerable<string> Faults(Assembly assembly, string within)
    {
        foreach (CompiledMethod method in CompiledMethod.In(assembly).Where(method => method.Name.StartsWith(within, StringComparison.Ordinal)))
        {
            for (int i = 0; i < method.Instructions.Count; i++)
            {
                string called = method.Instructions[i].Operand;
                bool wrong = IsMaking(called)
                    ? !IsKept(method, method.Instructions[i + 1])
                    : Makers.Value.Contains(called) || called.StartsWith(Script, StringComparison.Ordinal);
                if (wrong) yield return $"{method.Name.Split('(')[0]} calls {called}";
            }
        }
    }

    private static bool IsMaking(string method) => method.StartsWith(Conversion, StringComparison.Ordinal)
        || method.StartsWith(Making, StringComparison.Ordinal);

    private static bool IsKept(CompiledMethod method, CompiledMethod.Instruction next) => next.Code == OpCodes.Stsfld
        ? method.Name.Contains("::.cctor(", StringComparison.Ordinal)
        : next.Code.Name!.StartsWith("stloc", StringComparison.Ordinal) && method.TryOffsets.Contains(next.End);

    // never run: what the compiler makes of them is read
    private static class Samples
    {
        private static readonly Scalar Kept = 0.5;

        internal static Tensor WrongConversion(Tensor x) => x.mul(0.5);

        internal static Tensor WrongLocal(Tensor x)
        {
            Scalar half = 0.5;
            return x.mul(half);
        }

        internal static Tensor WrongExtension(Tensor x) => x.mul(0.5.ToScalar());

        internal static Tensor WrongOperator(Tensor x) => x / 2;

        internal static Tensor WrongSum(Tensor x) => x + x;

        internal static Tensor WrongInPlace(Tensor x) => x.add_(Kept);

        internal static Tensor WrongSquare(Tensor x) => x.square();

        internal static Tensor WrongRange() => arange(Kept);

        internal static Tensor WrongMethodGroup(Tensor[] x) => x.Aggregate(add);

        internal static object WrongScript(jit.CompilationUnit script, Tensor x) => script.invoke("scale", x, x);

        internal static Tensor RightConstant(Tensor x) => x.mul(Kept);

        internal static Tensor RightUsing(Tensor x, double low, double high)
        {
            using Scalar least = low, greatest = high;
            return x.clamp(least, greatest) * x - x;
        }

    }
}
