using SafeRlhfV.Testing;

namespace SafeRlhfV.Models.Tests;

public sealed class ParityTests
{
    public static TheoryData<string> Folders()
    {
        TheoryData<string> data = [];
        foreach (string folder in Directory.GetDirectories(Golden.At("models")).Order(StringComparer.Ordinal))
            if (Directory.Exists(Path.Combine(folder, "cases")) && Runs(folder)) data.Add(Path.GetFileName(folder));
        return data;
    }

    // tokenizer folders have cases but no model
    private static bool Runs(string folder) => File.Exists(Path.Combine(folder, "config.json"))
        ? ModelFamilies.Find(ConfigReader.Open(Path.Combine(folder, "config.json")).Text("model_type")) is not null
        : File.Exists(Path.Combine(folder, "adapter_config.json")) && Runs(LoraConfig.FindBase(folder));

    [Theory]
    [MemberData(nameof(Folders))]
    public void Every_case_of_the_reference_is_met(string folder)
    {
        ParityReport report = ParityRunner.Run(Golden.At("models", folder));
        List<string> over = [];
        foreach (ParityCaseResult result in report.Cases)
        {
            if (result.Skipped is { } reason) TestContext.Current.SendDiagnosticMessage($"{folder}/{result.Case} skipped: {reason}");
            over.AddRange(result.Checks.Where(check => !check.Passed).Select(check => $"{result.Case}: {check.Name} differs by {check.Difference:G4}, {check.Tolerance:G4} allowed"));
            if (result.Skipped is null && result.Checks.Count == 0) over.Add($"{result.Case}: nothing was compared");
        }
        Assert.True(over.Count == 0, string.Join("\n", over));
        Assert.Contains(report.Cases, result => result.Skipped is null);
    }
}
