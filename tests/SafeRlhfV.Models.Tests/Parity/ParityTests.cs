using SafeRlhfV.Data;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Models.Tests;

public sealed class ParityTests
{
    // trainings and what they refuse are run where trainers are tested
    private static readonly string[] KindsOfOtherTests = ["train", "refusal"];

    public static TheoryData<string> Folders()
    {
        TheoryData<string> data = [];
        foreach (string folder in Directory.GetDirectories(Golden.At("models")).Where(folder => Directory.Exists(Path.Combine(folder, "cases")))
            .Order(StringComparer.Ordinal)) data.Add(Path.GetFileName(folder));
        return data;
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void EveryCaseOfTheReferenceIsMet(string folder)
    {
        string path = Golden.At("models", folder);
        ParityReport report = ParityRunner.Run(path, images: Read);
        List<string> faults = [];
        foreach (ParityCaseResult result in report.Cases)
        {
            string worst = result.Checks.Count == 0
                ? ""
                : $"{result.Checks.Count} quantities, closest to its tolerance: "
                    + $"{result.Checks.MaxBy(check => check.Tolerance > 0 ? check.Difference / check.Tolerance : check.Difference)}";
            TestContext.Current.TestOutputHelper!.WriteLine($"{folder}/{result.Case}: {result.Skipped ?? worst}");
            if (result.Skipped is { } reason && !KindsOfOtherTests.Contains(result.Kind)) faults.Add($"{result.Case}: skipped ({reason})");
            faults.AddRange(result.Checks.Where(check => !check.Passed)
                .Select(check => $"{result.Case}: {check.Name} differs by {check.Difference:G4}, {check.Tolerance:G4} allowed"));
            if (result.Skipped is null && result.Checks.Count == 0) faults.Add($"{result.Case}: nothing was compared");
        }
        Assert.True(faults.Count == 0, string.Join("\n", faults));
        Assert.Contains(report.Cases, result => result.Passed);
    }

    private static RgbImage Read(string file, ParityImageLoading loading) => ImageDecoder.Decode(File.ReadAllBytes(file), loading switch
    {
        ParityImageLoading.Converted => ImageDecodeOptions.Converted,
        ParityImageLoading.Opened => ImageDecodeOptions.Opened,
        _ => ImageDecodeOptions.FromPath,
    } with
    { ClipSixteenBitGray = true });
}
