using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

/// <summary>What a gate of <c>align</c> advises.</summary>
public sealed class AlignGatesTests
{
    [Theory]
    [InlineData("0.02", "allow more to be missed (--set miss=0.1), or hold out more rows (--set shares=...)")]
    [InlineData("0.1", "allow more to be missed (--set miss=0.2), or hold out more rows (--set shares=...)")]
    [InlineData("0.2", "allow more to be missed (--set miss=0.3), or hold out more rows (--set shares=...)")]
    [InlineData("0.6", "hold out more rows (--set shares=...)")]
    public void TheGuardsGateNamesAMissAboveThePresentOne(string miss, string advice)
    {
        using TemporaryFolder folder = new();
        AlignFolders folders = new(folder.Path);
        string file = folders.Check(AlignStages.Calibrate);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, """{"failed":"there are 3 unsafe answers to calibrate on, too few; give at least 9."}""");
        Assert.Equal(advice, Assert.Single(new AlignGates(folders, AlignSettings.Read(null, [$"miss={miss}"]), onlyWarns: false).All).Advice);
    }
}
