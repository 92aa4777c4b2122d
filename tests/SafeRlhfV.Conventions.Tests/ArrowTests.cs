using System.Xml.Linq;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Conventions.Tests;

public sealed class ArrowTests
{
    [Fact]
    public void EveryProjectIsARoomOfTheHouse() =>
        Assert.Equal(
            House.MayUse.Keys.Order(),
            Directory.EnumerateDirectories(Path.GetDirectoryName(House.SourceFolder("Data"))!).Select(folder => Path.GetFileName(folder)["SafeRlhfV.".Length..])
                .Order());

    [Theory, MemberData(nameof(House.Rooms), MemberType = typeof(House))]
    public void AProjectNamesOnlyWhatItMayUse(string room)
    {
        XDocument project = XDocument.Load(Path.Combine(House.SourceFolder(room), $"SafeRlhfV.{room}.csproj"));
        IEnumerable<string> named = project.Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension((string)reference.Attribute("Include")!)["SafeRlhfV.".Length..]);
        Assert.Empty(named.Except(House.MayUse[room]));
    }

    [Theory, MemberData(nameof(House.Rooms), MemberType = typeof(House))]
    public void AnAssemblyUsesOnlyWhatItMay(string room)
    {
        string[] used = [.. House.Load(room).GetReferencedAssemblies().Select(name => name.Name!)];
        Assert.Empty(used.Where(name => name.StartsWith("SafeRlhfV.", StringComparison.Ordinal)).Select(name => name["SafeRlhfV.".Length..])
            .Except(House.Reach(room)));
        if (House.WithoutTorch.Contains(room)) Assert.DoesNotContain("TorchSharp", used);
        if (room == "Training") Assert.DoesNotContain(used, name => name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Core", "YamlDotNet")]
    [InlineData("Guard", "Microsoft.Extensions.AI.Abstractions", "Microsoft.Extensions.Logging.Abstractions")]
    [InlineData("Processing")]
    public void ALightRoomNamesFewPackages(string room, params string[] allowed)
    {
        XDocument project = XDocument.Load(Path.Combine(House.SourceFolder(room), $"SafeRlhfV.{room}.csproj"));
        Assert.Empty(project.Descendants("PackageReference").Select(reference => (string)reference.Attribute("Include")!).Except(allowed));
        Assert.Empty(project.Descendants("FrameworkReference"));
    }

    /// <summary>docs/architecture.md shows the rooms as they are held here, in an order in which each uses only those above it.</summary>
    [Fact]
    public void ThePageOfTheRoomsIsTrue()
    {
        string[][] rows = [.. File.ReadLines(Path.Combine(Golden.RepositoryRoot(), "docs", "architecture.md"))
            .Where(line => line.StartsWith("| `SafeRlhfV.", StringComparison.Ordinal)).Select(line => line.Trim('|', ' ').Split(" | "))];
        Assert.Equal(House.MayUse.Keys.Order(), rows.Select(row => row[0].Trim('`')["SafeRlhfV.".Length..]).Order());
        List<string> above = [];
        foreach (string[] row in rows)
        {
            string room = row[0].Trim('`')["SafeRlhfV.".Length..];
            string[] uses = row[2] switch { "–" => [], "all" => [.. above], string several => several.Split(", ") };
            Assert.Equal(House.MayUse[room].Order(), uses.Order());
            Assert.Empty(uses.Except(above));
            Assert.Equal((room, House.WithoutTorch.Contains(room)), (room, row[3].Split(", ").Contains("torch")));
            above.Add(room);
        }
    }

    /// <summary>A package says what it is, and brings all packages of the house that it stands on; <c>./build.sh pack</c> makes it.</summary>
    [Theory, MemberData(nameof(House.Rooms), MemberType = typeof(House))]
    public void APackageIsWhole(string room)
    {
        XDocument project = XDocument.Load(Path.Combine(House.SourceFolder(room), $"SafeRlhfV.{room}.csproj"));
        if ((string?)project.Descendants("IsPackable").SingleOrDefault() != "true") return;
        foreach (string needed in (string[])["Description", "PackageTags"]) Assert.NotEmpty((string?)project.Descendants(needed).SingleOrDefault() ?? "");
        Assert.StartsWith($"# SafeRlhfV.{room}\n", File.ReadAllText(Path.Combine(House.SourceFolder(room), "README.md")));
        string[] packed = File.ReadLines(Path.Combine(Golden.RepositoryRoot(), "build", "common.sh"))
            .Single(line => line.StartsWith("packages=(", StringComparison.Ordinal)).Split('(', ')')[1].Split(' ');
        Assert.Contains(room, packed);
        IEnumerable<string> named = project.Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension((string)reference.Attribute("Include")!)["SafeRlhfV.".Length..]);
        Assert.Empty(named.Except(packed));
    }

    /// <summary>The bench's workloads may use any room; only their own tests use them, so that no package and no program ships them.</summary>
    [Fact]
    public void OnlyItsTestsUseTheBench()
    {
        string root = Golden.RepositoryRoot();
        string[] projects = [.. new[] { "src", "bench", "samples", "tests" }
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(root, folder), "*.csproj", SearchOption.AllDirectories))];
        string[] users = [.. projects.Where(project => XDocument.Load(project).Descendants("ProjectReference")
            .Any(reference => ((string)reference.Attribute("Include")!).Contains("/bench/", StringComparison.Ordinal)))
            .Select(project => Path.GetFileNameWithoutExtension(project))];
        Assert.Equal(["SafeRlhfV.Bench.Tests"], users);
    }

    [Fact]
    public void TheHouseHasNoCircle() => Assert.All(House.MayUse.Keys, room => Assert.DoesNotContain(room, House.Reach(room)));
}
