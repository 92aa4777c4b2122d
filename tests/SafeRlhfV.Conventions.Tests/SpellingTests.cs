using System.Reflection;
using System.Text.RegularExpressions;

namespace SafeRlhfV.Conventions.Tests;

/// <summary>One spelling for what many files have. Fields are held by .editorconfig.</summary>
public sealed partial class SpellingTests
{
    private const string Wanted = "cancellationToken";

    private const BindingFlags Own = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    [Theory, MemberData(nameof(House.Rooms), MemberType = typeof(House))]
    public void CancellationTokensAreNamedAlike(string room) => Assert.Empty(OtherNames(House.Load(room).GetTypes()));

    [Fact]
    public void OtherNamesAreFound() =>
        Assert.Equal([$"{nameof(Misspelt)}.{nameof(Misspelt.Work)}: cancel"], OtherNames([typeof(Misspelt)]));

    [Fact]
    public void TestsHaveNoUnderscore() => Assert.Empty(House.FilesOf("tests")
        .Where(file => Path.GetFileName(file) != $"{nameof(SpellingTests)}.cs").SelectMany(file => Underscored(File.ReadAllText(file))));

    [Theory]
    [InlineData("    [Fact]\n    public void A_b() { }", "A_b")]
    [InlineData("    [Theory, MemberData(nameof(X))]\n    [InlineData(\"f(a_b)\")]\n    public async Task A_longer_name(int a, string b) =>", "A_longer_name")]
    [InlineData("    [Fact] public async Task<int> A_b() =>", "A_b")]
    [InlineData("    [Fact]\n    public void APlainName() => Other_name(1);", null)]
    public void UnderscoresAreFound(string text, string? name) => Assert.Equal(name is null ? [] : [name], Underscored(text));

    // generated methods (lambdas, local functions) aside; the name of a package's virtual method is the package's to choose
    private static IEnumerable<string> OtherNames(IEnumerable<Type> types) =>
        from type in types
        where !type.FullName!.Contains('<', StringComparison.Ordinal)
        from method in type.GetMethods(Own)
        where !method.IsSpecialName && !method.Name.Contains('<', StringComparison.Ordinal) && !IsOfAPackage(method)
        let tokens = method.GetParameters().Where(parameter => IsToken(parameter.ParameterType)).ToArray()
        where tokens.Length == 1 && tokens[0].Name != Wanted
        select $"{type.Name}.{method.Name}: {tokens[0].Name}";

    private static bool IsToken(Type type) => (Nullable.GetUnderlyingType(type) ?? type) == typeof(CancellationToken);

    private static bool IsOfAPackage(MethodInfo method) =>
        method.IsVirtual && !House.MayUse.Keys.Any(room => House.Load(room) == method.GetBaseDefinition().DeclaringType!.Assembly);

    private static IEnumerable<string> Underscored(string text) => TestMethod().Matches(text).Select(match => match.Groups[1].Value)
        .Where(name => name.Contains('_', StringComparison.Ordinal));

    // from [Fact or [Theory over whatever else is said to the method's name
    [GeneratedRegex(@"\[(?:Fact|Theory)\b[\s\S]*?\bpublic (?:static )?(?:async )?[\w<>\[\],?. ]+? (\w+)(?:<\w+>)?\(")]
    private static partial Regex TestMethod();

    private static class Misspelt
    {
        public static void Work(CancellationToken cancel) => cancel.ThrowIfCancellationRequested();

        public static void Right(CancellationToken cancellationToken) => cancellationToken.ThrowIfCancellationRequested();
    }
}
