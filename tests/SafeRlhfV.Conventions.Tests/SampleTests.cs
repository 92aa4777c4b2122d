using System.Xml.Linq;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Conventions.Tests;

/// <summary>Samples: <c>./build.sh samples</c> builds and runs every folder of them, and compares what it prints with its README.</summary>
public sealed class SampleTests
{
    private static readonly string Folder = Path.Combine(Golden.RepositoryRoot(), "samples");

    public static IEnumerable<TheoryDataRow<string>> Samples =>
        Directory.EnumerateDirectories(Folder).Select(folder => new TheoryDataRow<string>(Path.GetFileName(folder)));

    [Theory, MemberData(nameof(Samples))]
    public void ASampleIsWhole(string sample)
    {
        string[] readme = File.ReadAllLines(Path.Combine(Folder, sample, "README.md"));
        Assert.StartsWith("# ", readme[0]);
        Assert.Contains($"dotnet run --project samples/{sample} -c Release", readme);
        Assert.Single(readme, line => line == "```text");
        Assert.True(File.Exists(Path.Combine(Folder, sample, $"{sample}.csproj")));
        Assert.Contains("return ", File.ReadAllText(Path.Combine(Folder, sample, "Program.cs")).Split("internal sealed class")[0]);
    }

    [Fact]
    public void EverySampleIsBuiltAndListed()
    {
        string[] samples = [.. Samples.Select(row => row.Data).Order(StringComparer.Ordinal)];
        Assert.Equal(samples, XDocument.Load(Path.Combine(Golden.RepositoryRoot(), "SafeRlhfV.slnx")).Descendants("Project")
            .Select(project => ((string)project.Attribute("Path")!).Split('/')).Where(path => path[0] == "samples").Select(path => path[1]));
        Assert.Equal(samples, File.ReadLines(Path.Combine(Folder, "README.md")).Where(line => line.StartsWith("| [", StringComparison.Ordinal))
            .Select(line => line.Split('[', ']')[1]).Order(StringComparer.Ordinal));
    }
}
