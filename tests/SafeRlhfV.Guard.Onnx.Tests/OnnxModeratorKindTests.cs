using SafeRlhfV.Testing;

namespace SafeRlhfV.Guard.Onnx.Tests;

public sealed class OnnxModeratorKindTests
{
    static OnnxModeratorKindTests() => OnnxModeratorKind.Register();

    [Fact]
    public async Task SettingsOpenAModerator()
    {
        ModeratorSettings settings = YamlSection.Read("{ kind: onnx, folder: onnx/bert-tiny, name: words, threads: 1 }", "test",
            section => ModeratorKinds.Read(section, Golden.Root))!;
        IModerator moderator = settings.Open(new(new HttpClient(), (_, _, _) => throw new InvalidOperationException()));
        using IDisposable owned = (IDisposable)moderator;
        Assert.Equal("words", moderator.Name);
        Verdict verdict = await moderator.ModerateAsync(new ModerationRequest("a plain question"), TestContext.Current.CancellationToken);
        Assert.Null(verdict.FindFault());
    }

    [Fact]
    public void AFolderThatIsNotThereIsNamed()
    {
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => OnnxModerator.Load("nowhere/at-all"));
        Assert.Contains("nowhere/at-all", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithoutAnImageAnImageModelFindsNothing()
    {
        using OnnxModerator moderator = OnnxModerator.Load(Golden.At("onnx", "vit-tiny"));
        Verdict verdict = await moderator.ModerateAsync(new ModerationRequest("words alone"), TestContext.Current.CancellationToken);
        Assert.False(verdict.IsUnsafe);
    }

    [Fact]
    public async Task AnOwnCategoryMayBeALabelsMeaning()
    {
        using TemporaryFolder temporary = new();
        string labels = Path.Combine(temporary.Path, "labels.yaml");
        File.WriteAllText(labels, "labels: {BENIGN: none, MALICIOUS: {category: prompt_injection, severity: moderate, threshold: 0.000001}}");
        OwnCategory own = new("prompt_injection", "orders to the model", Severity.Moderate, [], []);
        Assert.Throws<InvalidInputException>(() => OnnxModerator.Load(Golden.At("onnx", "deberta-tiny"), new() { Labels = labels }));
        using OnnxModerator moderator = OnnxModerator.Load(Golden.At("onnx", "deberta-tiny"), new() { Labels = labels, OwnCategories = [own] });
        Verdict verdict = await moderator.ModerateAsync(new ModerationRequest("anything"), TestContext.Current.CancellationToken);
        Assert.Equal(["prompt_injection"], verdict.Flagged);
    }

    [Fact]
    public async Task AnImageThatIsOnlyAnAddressBlocks()
    {
        using OnnxModerator moderator = OnnxModerator.Load(Golden.At("onnx", "vit-tiny"));
        ModerationRequest request = new([new ModerationImage(new Uri("https://example.com/a.png"))], "what is this?");
        Assert.NotNull((await moderator.FailClosed().ModerateAsync(request, TestContext.Current.CancellationToken)).Failure);
    }
}
