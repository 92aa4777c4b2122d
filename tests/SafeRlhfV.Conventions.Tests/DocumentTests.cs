using System.Reflection;
using System.Text.RegularExpressions;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Conventions.Tests;

/// <summary>What people read: the Markdown of the root, of docs and of samples.</summary>
public sealed partial class DocumentTests
{
    private const int MaximumWords = 80;

    private static readonly string[] OfOthers = ["SafeRlhfV", "TorchSharp", "IChatClient", "ChatResponse", "ChatClientAgent", "IEvaluator", "EvaluationResult",
        "WebApplication", "AIAgent", "AddSingleton", "AddChatClient", "UseFunctionInvocation", "AsBuilder", "WriteLine", "RunAsync", "GetSection",
        "GetResponseAsync", "EvaluateAsync"];

    public static IEnumerable<TheoryDataRow<string>> Documents => Directory.EnumerateFiles(Golden.RepositoryRoot(), "*.md")
        .Concat(((string[])["docs", "samples"]).SelectMany(folder =>
            Directory.EnumerateFiles(Path.Combine(Golden.RepositoryRoot(), folder), "*.md", SearchOption.AllDirectories)))
        .Select(file => new TheoryDataRow<string>(Path.GetRelativePath(Golden.RepositoryRoot(), file)));

    [Theory, MemberData(nameof(Documents))]
    public void ParagraphsAreShort(string document)
    {
        string[] tooLong = [.. Paragraphs(File.ReadAllLines(Path.Combine(Golden.RepositoryRoot(), document)))
            .Where(paragraph => paragraph.Words > MaximumWords)
            .Select(paragraph => $"{document}, line {paragraph.Line}: {paragraph.Words} words")];
        Assert.Empty(tooLong);
    }

    /// <summary>A link leads to a file or folder of the repository, and its anchor to a heading. <c>./build.sh docs</c> checks the site again.</summary>
    [Theory, MemberData(nameof(Documents))]
    public void LinksLead(string document)
    {
        string file = Path.Combine(Golden.RepositoryRoot(), document);
        Assert.DoesNotContain(Prose(file).SelectMany(line => Link().Matches(line)).Select(match => match.Groups[1].Value),
            link => !link.Contains("://", StringComparison.Ordinal) && !Leads(file, link));
    }

    /// <summary>Every page of docs stands in the site's table of contents.</summary>
    [Fact]
    public void EveryPageIsInTheTableOfContents()
    {
        string docs = Path.Combine(Golden.RepositoryRoot(), "docs"), contents = File.ReadAllText(Path.Combine(docs, "toc.yml"));
        Assert.DoesNotContain(Directory.EnumerateFiles(docs, "*.md").Select(Path.GetFileName),
            page => !contents.Contains($"href: docs/{page}\n", StringComparison.Ordinal));
    }

    [Fact]
    public void LongParagraphsAreFound()
    {
        string words = string.Join(' ', Enumerable.Repeat("word", 50));
        Assert.Equal([(1, 100)], Paragraphs([words, words, "", "- " + words, "- " + words, "| " + words, "```", words, words, "```"])
            .Where(paragraph => paragraph.Words > MaximumWords));
    }

    /// <summary>Names in the README of a package are those of types and members that there are, here or in the libraries that it stands on.</summary>
    [Theory, MemberData(nameof(House.Rooms), MemberType = typeof(House))]
    public void APackageNamesWhatThereIs(string room)
    {
        string readme = Path.Combine(House.SourceFolder(room), "README.md");
        if (!File.Exists(readme)) return;
        HashSet<string> known = [.. House.MayUse.Keys.SelectMany(name => House.Load(name).GetTypes()).SelectMany(type =>
            type.GetMembers(BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance).Select(member => member.Name).Append(type.Name))];
        known.UnionWith(OfOthers);
        string code = string.Concat(Code().Matches(Using().Replace(File.ReadAllText(readme), "")));
        Assert.DoesNotContain(CodeName().Matches(code).Select(match => match.Value).Distinct(),
            name => !known.Contains(name) && !known.Contains(name + "`1"));
    }

    /// <summary>An example of C# names the namespaces of the types and extension methods of this repository that it uses: it can be copied.</summary>
    [Fact]
    public void ExamplesNameTheirNamespaces()
    {
        const BindingFlags Methods = BindingFlags.Public | BindingFlags.Static;
        ILookup<string, string> namespaces = House.MayUse.Keys.SelectMany(name => House.Load(name).GetExportedTypes())
            .Where(type => type.DeclaringType is null)
            .SelectMany(type => type.GetMethods(Methods)
                .Where(method => method.IsDefined(typeof(System.Runtime.CompilerServices.ExtensionAttribute), inherit: false))
                .Select(method => (method.Name, type.Namespace!)).Append((type.Name, type.Namespace!)))
            .ToLookup(one => one.Item1, one => one.Item2);
        string[] pages = [.. House.MayUse.Keys.Select(room => Path.Combine(House.SourceFolder(room), "README.md")).Where(File.Exists),
            .. Documents.Select(row => Path.Combine(Golden.RepositoryRoot(), row.Data))];
        (string Page, string Code)[] examples = [.. pages.SelectMany(page => Example().Matches(File.ReadAllText(page)).Select(match => (page, match.Value)))];
        Assert.InRange(examples.Length, 10, int.MaxValue);
        Assert.DoesNotContain(examples.SelectMany(example => CodeName().Matches(example.Code).Select(match => (example.Page, example.Code, Name: match.Value))),
            use => namespaces[use.Name] is var there && there.Any()
                && !there.Any(one => use.Code.Contains($"using {one};\n", StringComparison.Ordinal)));
    }

    /// <summary>The packages' version is that of CITATION.cff, and CHANGELOG.md has a chapter of it; README leads to both.</summary>
    [Fact]
    public void VersionsAgree()
    {
        string Read(string name) => File.ReadAllText(Path.Combine(Golden.RepositoryRoot(), name));
        string version = (string)System.Xml.Linq.XDocument.Parse(Read("Directory.Build.props")).Descendants("Version").Single();
        Assert.Contains($"\nversion: {version}\n", Read("CITATION.cff"));
        Assert.Contains($"\n## [{version}]", Read("CHANGELOG.md"));
        foreach (string name in (string[])["Containerfile", "kubernetes.yaml"]) Assert.Contains($"safe-rlhf-v-gateway:{version}", Read($"deploy/{name}"));
        foreach (string name in (string[])["CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "CITATION.cff", "LICENSE"])
            Assert.Contains($"]({name})", Read("README.md"));
    }

    private static bool Leads(string from, string link)
    {
        string[] parts = link.Split('#', 2);
        string target = parts[0].Length == 0 ? from : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(from)!, parts[0]));
        return Path.Exists(target) && (parts.Length == 1 || Prose(target).Where(line => line.StartsWith('#')).Select(Anchor).Contains(parts[1]));
    }

    // as the sites that show Markdown make it of a heading
    private static string Anchor(string heading) => NotInAnchor().Replace(heading.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-');

    // code has no headings and no links
    private static IEnumerable<string> Prose(string file)
    {
        bool isCode = false;
        foreach (string line in File.ReadLines(file))
        {
            if (line.TrimStart().StartsWith("```", StringComparison.Ordinal)) isCode = !isCode;
            else if (!isCode) yield return InlineCode().Replace(line, match => match.Value.Trim('`'));
        }
    }

    // an item of a list is a paragraph; code and tables are not prose
    private static IEnumerable<(int Line, int Words)> Paragraphs(string[] lines)
    {
        bool isCode = false;
        (int line, int words) = (0, 0);
        for (int i = 0; i <= lines.Length; i++)
        {
            string text = i < lines.Length ? lines[i].Trim() : "";
            bool isFence = text.StartsWith("```", StringComparison.Ordinal);
            if (isFence) isCode = !isCode;
            bool isProse = !isFence && !isCode && text.Length > 0 && text[0] is not ('|' or '#');
            if ((!isProse || Item().IsMatch(text)) && words > 0)
            {
                yield return (line, words);
                words = 0;
            }
            if (!isProse) continue;
            if (words == 0) line = i + 1;
            words += text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length;
        }
    }

    [GeneratedRegex(@"```csharp[\s\S]*?```|`[^`\n]+`")]
    private static partial Regex Code();

    [GeneratedRegex(@"^using [\w. ]+;$", RegexOptions.Multiline)]
    private static partial Regex Using();

    [GeneratedRegex(@"```csharp[\s\S]*?```")]
    private static partial Regex Example();

    [GeneratedRegex(@"\b[A-Z]\w*[a-z]\w*[A-Z]\w*\b")]
    private static partial Regex CodeName();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchor();

    [GeneratedRegex("`[^`]*`")]
    private static partial Regex InlineCode();

    [GeneratedRegex(@"^([-*]|\d+\.) ")]
    private static partial Regex Item();
}
