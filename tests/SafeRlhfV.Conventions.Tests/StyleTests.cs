using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Conventions.Tests;

public sealed partial class StyleTests
{
    private const int MostLines = 400, LongestLine = 160;

    [Theory, MemberData(nameof(House.Rooms), MemberType = typeof(House))]
    public void ClassesAreSealedUnlessSomethingDerives(string room)
    {
        Type[] all = [.. House.MayUse.Keys.SelectMany(name => House.Load(name).GetTypes())];
        HashSet<Type> bases = [.. all.Select(type => type.BaseType).OfType<Type>().Select(type => type.IsGenericType ? type.GetGenericTypeDefinition() : type)];
        Assert.Empty(House.Load(room).GetTypes().Where(type =>
            type is { IsClass: true, IsSealed: false, IsAbstract: false } && !IsGenerated(type) && !bases.Contains(type)).Select(type => type.FullName));
    }

    [Theory, MemberData(nameof(House.Rooms), MemberType = typeof(House))]
    public void PublicTypesAreDocumented(string room)
    {
        if (room == "Cli") return; // it has no public API
        Assembly assembly = House.Load(room);
        HashSet<string> documented = [.. XDocument.Load(Path.ChangeExtension(assembly.Location, ".xml")).Descendants("member")
            .Select(member => (string)member.Attribute("name")!)];
        Assert.Empty(assembly.GetExportedTypes().Where(type => !IsGenerated(type)).Select(type => "T:" + type.FullName!.Replace('+', '.')).Except(documented));
    }

    [Theory, MemberData(nameof(House.Rooms), MemberType = typeof(House))]
    public void AFileHoldsOnePublicTypeOfItsName(string room)
    {
        foreach (string file in House.SourceFiles(room))
        {
            string[] types = [.. PublicType().Matches(File.ReadAllText(file)).Select(match => match.Groups[1].Value)];
            Assert.True(types.Length <= 1, $"{file} holds {string.Join(", ", types)}");
            if (types.Length == 1) Assert.Equal(types[0], Path.GetFileName(file).Split('.')[0]);
        }
    }

    [Theory, MemberData(nameof(House.Rooms), MemberType = typeof(House))]
    public void NamespacesAreProjectNamesAndFilesAreShort(string room)
    {
        foreach (string file in House.SourceFiles(room))
        {
            string text = File.ReadAllText(file);
            Match declared = Namespace().Match(text);
            string expected = House.ForeignNamespaces.GetValueOrDefault(Path.GetFileName(file)) ?? $"SafeRlhfV.{room}";
            if (declared.Success) Assert.True(declared.Groups[1].Value == expected, $"{file} declares {declared.Groups[1].Value}");
            int lines = text.AsSpan().Count('\n');
            Assert.True(lines <= MostLines, $"{file} has {lines} lines; split it by meaning.");
        }
    }

    // beside src some lines are longer still; the numbers only fall
    [Theory, InlineData("src", 0), InlineData("samples", 0), InlineData("bench", 0), InlineData("tests", 39)]
    public void LinesAreShort(string folder, int allowed)
    {
        string[] files = [.. House.FilesOf(folder)];
        Assert.NotEmpty(files);
        string[] found = [.. files.SelectMany(file => File.ReadLines(file).Select((line, at) => (line, at)).Where(pair => pair.line.Length > LongestLine)
            .Select(pair => $"{file}:{pair.at + 1}"))];
        Assert.True(found.Length <= allowed, $"{found.Length} lines are longer than {LongestLine} characters: {string.Join(", ", found.Take(5))}");
    }

    [Theory, MemberData(nameof(House.Rooms), MemberType = typeof(House))]
    public void NothingBlocksOnTasksOrWritesToTheConsole(string room)
    {
        string[] blocking = ["Task.Wait", "Task`1.get_Result"];
        string[] forbidden = room == "Cli" ? blocking : [.. blocking, "Console.Write", "Console.WriteLine"];
        Assert.Empty(MemberReferences.Of(House.Load(room)).Intersect(forbidden));
    }

    /// <summary>
    /// What depends on the culture of the machine, or changes nothing where a program runs with invariant globalisation: string.Normalize, whose place is
    /// taken by UnicodeForms, above all.
    /// </summary>
    [Theory, MemberData(nameof(House.Rooms), MemberType = typeof(House))]
    public void NothingDependsOnTheCultureOfTheMachine(string room)
    {
        string[] members = [.. MemberReferences.Of(House.Load(room))];
        string[] forbidden = ["String.Normalize", "String.IsNormalized", "String.ToLower", "String.ToUpper", "Char.ToLower", "Char.ToUpper",
            "CultureInfo.get_CurrentCulture", "CultureInfo.get_CurrentUICulture", "StringComparer.get_CurrentCulture",
            "StringComparer.get_CurrentCultureIgnoreCase", "StringComparer.get_InvariantCulture", "StringComparer.get_InvariantCultureIgnoreCase",
            "StringNormalizationExtensions.Normalize", "StringNormalizationExtensions.IsNormalized"];
        Assert.DoesNotContain(members, member => forbidden.Contains(member) || member.Split('.')[0] is "CompareInfo" or "IdnMapping" or "TextInfo");
        string[] named = [.. House.SourceFiles(room).Where(file => CultureComparison().IsMatch(File.ReadAllText(file))).Select(file => Path.GetFileName(file))];
        Assert.Empty(named);
    }

    /// <summary>Only TaskResult waits for tasks: whoever blocks names it, and there is one place to look.</summary>
    [Theory, MemberData(nameof(House.Rooms), MemberType = typeof(House))]
    public void NothingTakesAnAwaiterByHand(string room)
    {
        string[] taking = [.. House.SourceFiles(room).Where(file => File.ReadAllText(file).Contains("GetAwaiter()", StringComparison.Ordinal))
            .Select(file => Path.GetFileName(file))];
        Assert.Equal(room == "Core" ? ["TaskResult.cs"] : [], taking);
    }

    [Fact]
    public void LinksOfTheDocumentsLeadSomewhere()
    {
        string[] documents = [Path.Combine(Golden.RepositoryRoot(), "README.md"),
            .. Directory.EnumerateFiles(Path.Combine(Golden.RepositoryRoot(), "docs"), "*.md", SearchOption.AllDirectories)];
        string[] links = [.. documents.SelectMany(document =>
            Link().Matches(File.ReadAllText(document)).Select(match => Path.GetFullPath(match.Groups[1].Value, Path.GetDirectoryName(document)!)))];
        Assert.True(links.Length > 50, "the documents have links");
        Assert.All(links, link => Assert.True(Path.Exists(link), link));
    }

    /// <summary>A process has one console: what another test prints meanwhile would stand in the captured text.</summary>
    [Fact]
    public void TestsThatCaptureTheConsoleRunAlone()
    {
        string[] capturing = [.. Directory.EnumerateFiles(Path.Combine(Golden.RepositoryRoot(), "tests", "SafeRlhfV.Cli.Tests"), "*.cs")
            .Where(file => Path.GetFileName(file) != "CapturedConsole.cs" && File.ReadAllText(file).Contains("CapturedConsole.", StringComparison.Ordinal))];
        Assert.True(capturing.Length > 10, "some tests capture the console");
        Assert.All(capturing, file => Assert.Contains("[Collection(CapturedConsole.Name)]", File.ReadAllText(file), StringComparison.Ordinal));
    }

    private static bool IsGenerated(Type type) => type.Name.Contains('<', StringComparison.Ordinal) || type.FullName!.Contains('<', StringComparison.Ordinal)
        || type.Name == "Program";

    [GeneratedRegex(@"^public (?:(?:sealed|static|abstract|readonly|partial|unsafe|ref) )*(?:record struct|record class|class|record|interface|struct|enum) (\w+)", RegexOptions.Multiline)]
    private static partial Regex PublicType();

    [GeneratedRegex(@"StringComparison\.(?:Current|Invariant)Culture")]
    private static partial Regex CultureComparison();

    // a link to a file, not to a page of the web or a place in the same document
    [GeneratedRegex(@"\]\((?!https?:|#)([^)#]+)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^namespace ([\w.]+)", RegexOptions.Multiline)]
    private static partial Regex Namespace();
}
