using System.Runtime.CompilerServices;
using SafeRlhfV.Guard;
using SafeRlhfV.Models;
using SafeRlhfV.Testing;
using SafeRlhfV.Training;

namespace SafeRlhfV.Registry.Tests;

public sealed class OneEntryTests
{
    private static string Folder => Path.Combine(Golden.RepositoryRoot(), "tests", "SafeRlhfV.Registry.Tests");

    [Theory, InlineData("Contrast"), InlineData("Mosaic"), InlineData("Shout")]
    public void EachIsOneFolderAndOneLineOfTheEntries(string name)
    {
        Assert.Single(File.ReadLines(Path.Combine(Folder, "Entries.cs")), line => line.Contains(name, StringComparison.Ordinal));
        string[] others = [.. Directory.EnumerateFiles(Folder, "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.EndsWith("Tests.cs", StringComparison.Ordinal) && Path.GetFileName(file) != "Entries.cs")];
        Assert.All(others, file => Assert.True(Path.GetDirectoryName(file) == Path.Combine(Folder, name)
            || !File.ReadAllText(file).Contains(name, StringComparison.Ordinal), file));
    }

    [Fact]
    public void TheyUseThePublicInterfaceAlone() =>
        Assert.All([typeof(Trainers), typeof(ModelFamilies), typeof(ModeratorKinds), typeof(Registry<>)], type => Assert.DoesNotContain(
            type.Assembly.GetCustomAttributes(typeof(InternalsVisibleToAttribute), false).Cast<InternalsVisibleToAttribute>(),
            friend => friend.AssemblyName.StartsWith("SafeRlhfV.Registry", StringComparison.Ordinal)));

    [Fact]
    public void ANameIsListedOnce()
    {
        Assert.Throws<ArgumentException>(() => Trainers.All.Add(new ContrastDefinition()));
        Assert.Throws<ArgumentException>(() => ModelFamilies.All.Add(new MosaicFamily()));
        Assert.Throws<ArgumentException>(() => ModeratorKinds.All.Add(new ShoutKind()));
    }
}
