using System.Text.RegularExpressions;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Conventions.Tests;

/// <summary>A reader has the repository alone: a comment that sends him to a page must name one that is in it.</summary>
public sealed partial class PageReferenceTests
{
    private static readonly string[] Pages =
    [
        .. Directory.EnumerateFiles(Golden.RepositoryRoot(), "*.md").Select(file => Path.GetFileName(file)),
        .. Directory.EnumerateFiles(Path.Combine(Golden.RepositoryRoot(), "docs"), "*.md", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Golden.RepositoryRoot(), file)),
    ];

    [Fact]
    public void CommentsNameOnlyPagesOfTheRepository()
    {
        string[] folders = ["src", "tests", "bench", "samples"];
        string[] files = [.. folders.SelectMany(folder =>
            Directory.EnumerateFiles(Path.Combine(Golden.RepositoryRoot(), folder), "*.cs", SearchOption.AllDirectories))
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && Path.GetFileName(file) != "PageReferenceTests.cs")];
        Assert.True(files.Length > 500, "the sources are found");
        string[] outside = [.. files.SelectMany(file => File.ReadLines(file).SelectMany(Outside).Select(page => $"{file}: {page}"))];
        Assert.True(outside.Length == 0, string.Join('\n', outside));
    }

    [Theory]
    [InlineData("/// <summary>The rooms (DESIGN: arrows point one way).</summary>", "DESIGN")]
    [InlineData("int x; // see ALGORITHMS, section 5", "ALGORITHMS")]
    [InlineData("// as docs/no-such-page.md says", "docs/no-such-page.md")]
    [InlineData("// as ../shared/golden says", "../shared")]
    [InlineData("// as docs/algorithms.md and README.md say", null)]
    [InlineData("""string text = "DESIGN.md";""", null)]
    public void AnOutsidePageIsFound(string line, string? page) => Assert.Equal(page is null ? [] : [page], Outside(line));

    private static IEnumerable<string> Outside(string line)
    {
        if (Comment().Match(line) is not { Success: true } comment) return [];
        return Page().Matches(comment.Value).Select(match => match.Value)
            .Where(named => !named.EndsWith(".md", StringComparison.Ordinal)
                || !Pages.Any(page => page == named || page.EndsWith("/" + named, StringComparison.Ordinal)));
    }

    // two slashes that are no part of an address
    [GeneratedRegex(@"(?<![:/""])//.*")]
    private static partial Regex Comment();

    // a file of text, a page's name in capitals, or the folder of reference material beside the repository
    [GeneratedRegex(@"[\w./-]+\.md\b|\b(?:DESIGN|ALGORITHMS|TORCHSHARP)\b|\.\./shared")]
    private static partial Regex Page();
}
