using SafeRlhfV.Models;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

/// <summary>The reference trainings of every checkpoint, through recipe, runner, trainer and optimizer of the product.</summary>
public sealed class ParityTrainerTests
{
    public static TheoryData<string> Folders => [.. Directory.GetDirectories(Golden.At("models"))
        .Where(folder => Directory.Exists(Path.Combine(folder, "cases")) && Directory.EnumerateFiles(Path.Combine(folder, "cases"), "train-*.json").Any())
        .Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)];

    [Theory, MemberData(nameof(Folders))]
    public void EveryTrainingOfTheReferenceIsMet(string folder)
    {
        ParityReport report = ParityRunner.Run(Golden.At("models", folder), kind: "train", trainer: ParityTrainer.Train);
        Assert.NotEmpty(report.Cases);
        foreach (ParityCaseResult result in report.Cases)
        {
            Assert.Null(result.Skipped);
            foreach (ParityCheck check in result.Checks)
                TestContext.Current.TestOutputHelper!.WriteLine($"{result.Case}: {check.Name}: {check.Difference:G3} of {check.Tolerance:G3}");
            Assert.All((string[])["losses", "grad_norms (relative)", "loss_after"], name => Assert.Contains(result.Checks, check => check.Name == name));
            Assert.Contains(result.Checks, check => check.Name.StartsWith("step1.", StringComparison.Ordinal));
            Assert.Contains(result.Checks, check => check.Name.StartsWith("final.", StringComparison.Ordinal));
            Assert.DoesNotContain(result.Checks, check => !check.Passed);
        }
    }

    [Fact]
    public void EveryConversationThatMustBeRefusedIsRefused()
    {
        string[] folders = [.. Directory.GetDirectories(Golden.At("models"))
            .Where(folder => Directory.Exists(Path.Combine(folder, "cases"))
                && Directory.EnumerateFiles(Path.Combine(folder, "cases"), "*-refused.json").Any())];
        Assert.NotEmpty(folders);
        foreach (string folder in folders)
        {
            ParityReport report = ParityRunner.Run(folder, kind: "refusal", trainer: ParityTrainer.Train);
            Assert.NotEmpty(report.Cases);
            Assert.All(report.Cases, result => Assert.True(result.Passed, result.Case));
        }
    }
}
