using System.Reflection;

namespace SafeRlhfV.Conventions.Tests;

/// <summary>What is proved is what runs: a public method of the objectives or of the metrics that nothing but tests calls is a second truth, or dead.</summary>
public sealed class CallerTests
{
    // what the compiler gives every record
    private static readonly string[] OfRecords = ["Equals", "GetHashCode", "ToString", "Deconstruct"];

    [Theory]
    [InlineData("Objectives", "")]
    [InlineData("Evaluation", "Metrics")]
    public void EveryPublicMethodIsCalled(string room, string folder)
    {
        Type[] types = [.. PublicTypes(room, folder)];
        Assert.NotEmpty(types);
        string[] uncalled = [.. Uncalled(types, House.MayUse.Keys.SelectMany(other => CompiledMethod.In(House.Load(other))))];
        Assert.True(uncalled.Length == 0, $"Nothing outside tests calls these; call or delete them:\n{string.Join('\n', uncalled)}");
    }

    [Fact]
    public void MethodsWithoutCallersAreFound()
    {
        CompiledMethod[] all = [.. CompiledMethod.In(typeof(Proved).Assembly)
            .Where(method => !method.Name.Contains(nameof(MethodsWithoutCallersAreFound), StringComparison.Ordinal))];
        string[] found = [.. Uncalled([typeof(Proved), typeof(IProved)], all).Select(name => name.Split("::")[1].Split('(')[0])];
        Assert.Equal([nameof(Proved.Alone), nameof(Proved.CalledByAlone)], found.Order(StringComparer.Ordinal));
    }

    // the types of a folder are named as its files are
    private static IEnumerable<Type> PublicTypes(string room, string folder)
    {
        string place = Path.Combine(House.SourceFolder(room), folder) + Path.DirectorySeparatorChar;
        HashSet<string> files = [.. House.SourceFiles(room).Where(file => file.StartsWith(place, StringComparison.Ordinal))
            .Select(Path.GetFileNameWithoutExtension).OfType<string>()];
        return House.Load(room).GetExportedTypes().Where(type => folder.Length == 0 || files.Contains(type.Name.Split('`')[0]));
    }

    // callers count only if they are called themselves, or stand outside the types
    private static IEnumerable<string> Uncalled(IReadOnlyCollection<Type> types, IEnumerable<CompiledMethod> all)
    {
        HashSet<string> names = [.. types.Select(type => type.FullName!)];
        ILookup<bool, CompiledMethod> byPlace = all.ToLookup(method => names.Contains(TypeOf(method.Name).Split('+')[0]));
        ILookup<string, CompiledMethod> inside = byPlace[true].ToLookup(method => method.Name),
            virtuals = byPlace[true].Where(IsVirtual).ToLookup(method => method.Name.Split("::")[1]);
        HashSet<string> called = [];
        Stack<string> open = new(byPlace[false].SelectMany(Operands));
        while (open.TryPop(out string? name))
        {
            if (!called.Add(name) || !names.Contains(TypeOf(name).Split('+')[0])) continue;
            // a call of an interface's method is a call of what implements it
            foreach (CompiledMethod method in inside[name].Concat(virtuals[name.Split("::")[^1]]))
            {
                called.Add(method.Name);
                foreach (string next in Operands(method)) open.Push(next);
            }
        }
        return byPlace[true].Where(method => names.Contains(TypeOf(method.Name)) && IsWanted(method) && !called.Contains(method.Name))
            .Select(method => method.Name).Distinct();
    }

    private static bool IsWanted(CompiledMethod method) => (method.Attributes & MethodAttributes.MemberAccessMask) == MethodAttributes.Public
        && !method.Attributes.HasFlag(MethodAttributes.SpecialName) && !method.Name.Contains('<')
        && !OfRecords.Contains(method.Name.Split("::")[1].Split('(')[0]) && !IsOverride(method);

    // called through what it overrides, which may be a package's
    private static bool IsOverride(CompiledMethod method) => IsVirtual(method) && !method.Attributes.HasFlag(MethodAttributes.NewSlot);

    private static bool IsVirtual(CompiledMethod method) => method.Attributes.HasFlag(MethodAttributes.Virtual);

    private static IEnumerable<string> Operands(CompiledMethod method) =>
        method.Instructions.Select(instruction => instruction.Operand).Where(operand => operand.Contains("::", StringComparison.Ordinal));

    private static string TypeOf(string method) => method.Split("::")[0];
}
