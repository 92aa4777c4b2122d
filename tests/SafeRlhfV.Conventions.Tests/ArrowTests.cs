using System.Xml.Linq;

namespace SafeRlhfV.Conventions.Tests;

public sealed class ArrowTests
{
    [Fact]
    public void EveryProjectIsARoomOfTheHouse() =>
        Assert.Equal(
            House.MayUse.Keys.Order(),
            Directory.EnumerateDirectories(Path.GetDirectoryName(House.SourceFolder("Data"))!).Select(folder => Path.GetFileName(folder)["SafeRlhfV.".Length..]).Order());

    [Theory, MemberData(nameof(House.Rooms), MemberType = typeof(House))]
    public void AProjectNamesOnlyWhatItMayUse(string room)
    {
        XDocument project = XDocument.Load(Path.Combine(House.SourceFolder(room), $"SafeRlhfV.{room}.csproj"));
        IEnumerable<string> named = project.Descendants("ProjectReference").Select(reference => Path.GetFileNameWithoutExtension((string)reference.Attribute("Include")!)["SafeRlhfV.".Length..]);
        Assert.Empty(named.Except(House.MayUse[room]));
    }

    [Theory, MemberData(nameof(House.Rooms), MemberType = typeof(House))]
    public void AnAssemblyUsesOnlyWhatItMay(string room)
    {
        string[] used = [.. House.Load(room).GetReferencedAssemblies().Select(name => name.Name!)];
        Assert.Empty(used.Where(name => name.StartsWith("SafeRlhfV.", StringComparison.Ordinal)).Select(name => name["SafeRlhfV.".Length..]).Except(House.Reach(room)));
        if (House.WithoutTorch.Contains(room)) Assert.DoesNotContain("TorchSharp", used);
        if (room == "Training") Assert.DoesNotContain(used, name => name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal));
    }

    [Fact]
    public void TheHouseHasNoCircle() => Assert.All(House.MayUse.Keys, room => Assert.DoesNotContain(room, House.Reach(room)));
}
