using System.Text.Json;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Guard.Onnx.Tests;

public sealed class BrokenFolderTests
{
    private static readonly JsonElement Expected = JsonDocument.Parse(File.ReadAllBytes(Golden.At("onnx", "broken", "expected.json"))).RootElement
        .GetProperty("folders");

    public static TheoryData<string> Folders => [.. Expected.EnumerateObject().Select(folder => folder.Name)];

    [Theory, MemberData(nameof(Folders))]
    public async Task EveryFaultIsAnErrorThatNamesTheFile(string folder)
    {
        JsonElement wanted = Expected.GetProperty(folder);
        string path = Golden.At("onnx", "broken", folder), stage = wanted.GetProperty("stage").GetString()!;
        InvalidInputException error = stage switch
        {
            "mapping" => Assert.Throws<InvalidInputException>(() => OnnxModerator.Load(path)),
            "run" => await Assert.ThrowsAsync<InvalidInputException>(() => RunAsync(path)),
            _ => Assert.Throws<InvalidInputException>(() => OnnxScorer.Open(path, new(), null).Dispose()),
        };
        Assert.Contains(wanted.GetProperty("file").GetString()!, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    /// <summary>A fault that only a run shows must still be found, by the moderator that a gateway would ask.</summary>
    private static async Task RunAsync(string path)
    {
        using TemporaryFolder temporary = new();
        string labels = Path.Combine(temporary.Path, "labels.yaml");
        File.WriteAllText(labels, "labels: {neutral: none, risky: {category: animal_abuse, severity: minor, threshold: 0.5}, odd: none}");
        using OnnxModerator moderator = OnnxModerator.Load(path, new() { Labels = labels });
        ModerationRequest request = new([new EncodedImage(GoldenOnnx.Image("coffee.png"), "coffee.png")], "some words about nothing at all");
        Verdict closed = await moderator.FailClosed().ModerateAsync(request, TestContext.Current.CancellationToken);
        Assert.NotNull(closed.Failure);
        await moderator.ModerateAsync(request, TestContext.Current.CancellationToken);
    }
}
