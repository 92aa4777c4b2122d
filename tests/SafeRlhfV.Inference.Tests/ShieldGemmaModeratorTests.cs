using Microsoft.Extensions.AI;
using SafeRlhfV.Guard;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Inference.Tests;

public sealed class ShieldGemmaModeratorTests
{
    private static readonly string Folder = Golden.At("models", "shieldgemma2-tiny");

    [Fact]
    public async Task TheScoreIsTheProbabilityOfYesUnderTheStrictestPolicyOfTheFolder()
    {
        RgbImage image = new(6, 4, [.. Enumerable.Range(0, 72).Select(at => (byte)(3 * at))]), other = RgbImage.Grey(8, 8, 200);
        Dictionary<string, float> expected = Expected(image), others = Expected(other);
        using TemplateModerator moderator = Open([]);
        Assert.True(moderator.SeesImages);
        IReadOnlyList<Verdict> verdicts = await moderator.ModerateAsync([new([image], "What is it?"), new([other], ""), new("no image")],
            TestContext.Current.CancellationToken);
        Assert.Equal(expected.Values.Max(), verdicts[0].Score, 1e-5);
        Assert.Equal(others.Values.Max(), verdicts[1].Score, 1e-5);
        Assert.All(verdicts, verdict => Assert.Null(verdict.Failure));
        Assert.Equal(expected.Values.Max() >= 0.5, verdicts[0].IsUnsafe);
        Assert.False(verdicts[2].IsUnsafe);
    }

    [Fact]
    public void ProbabilitiesThatAreNotFiniteAreAnError()
    {
        using VisionLanguageModel model = ModelCheckpoint.Load(Folder);
        using (TorchSharp.torch.no_grad()) model.Decoder.Embedding.Weight.fill_(double.NaN);
        ShieldGemma guard = new(model, ModelProcessor.Load(Folder));
        InvalidInputException error = Assert.Throws<InvalidInputException>(() =>
            guard.Violations([guard.Encode(RgbImage.Grey(8, 8, 200), guard.Policies.Keys.First())]));
        Assert.Contains("embed_tokens.weight' has numbers that are not finite", error.Message);
    }

    [Fact]
    public async Task ChosenPoliciesAndPoliciesOfOnesOwnAreAskedAbout()
    {
        RgbImage image = RgbImage.Grey(8, 8, 90);
        using TemplateModerator one = Open(["policies: [violence]"]);
        using TemplateModerator own = Open(["policies: [boxes]", "custom_policies: { boxes: 'No Boxes: no box is shown.' }"]);
        Verdict violence = await one.ModerateAsync(new ModerationRequest([image], ""), TestContext.Current.CancellationToken);
        Assert.Equal(Expected(image)["violence"], violence.Score, 1e-5);
        Verdict boxes = await own.ModerateAsync(new ModerationRequest([image], ""), TestContext.Current.CancellationToken);
        Assert.Equal(Expected(image, KeyValuePair.Create("boxes", "No Boxes: no box is shown."))["boxes"], boxes.Score, 1e-5);
        string fault = Assert.Throws<InvalidInputException>(() => Open(["policies: [cats]"])).Message;
        Assert.Contains("dangerous, sexual, violence", fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AsALocalGuardItIsTheSameModerator()
    {
        LocalCheckpoint.CheckGuard(Folder);
        Assert.Contains("guard_config.json", Assert.Throws<InvalidInputException>(() => LocalCheckpoint.CheckGuard(Golden.At("models", "gemma3-tiny"))).Message,
            StringComparison.Ordinal);
        ModeratorSettings settings = YamlSection.Read($"checkpoint: {Folder}", "moderators", section => new LocalModeratorKind().Read(section, "/"));
        using TemplateModerator moderator = (TemplateModerator)settings.Open(new ModeratorParts(new HttpClient(), (_, _, _) =>
            throw new NotSupportedException()));
        RgbImage image = RgbImage.Grey(8, 8, 90);
        Verdict verdict = await moderator.ModerateAsync(new ModerationRequest([image], ""), TestContext.Current.CancellationToken);
        Assert.Equal(Expected(image).Values.Max(), verdict.Score, 1e-5);
    }

    [Fact]
    public async Task AnAdapterOverItIsALocalGuardToo()
    {
        using TemporaryFolder temporary = new();
        RgbImage image = RgbImage.Grey(8, 8, 90);
        float expected;
        using (VisionLanguageModel model = ModelCheckpoint.Load(Folder))
        {
            LoraAdapter adapter = model.Adapters.Create("a", LoraConfig.ForLanguageModel(2, 4) with { BaseModel = Folder }, 1);
            using (TorchSharp.torch.no_grad())
                foreach (TorchSharp.Modules.Parameter matrix in adapter.Parameters) matrix.fill_(0.02);
            adapter.Save(temporary.At("adapter"));
            ShieldGemma guard = new(model, ModelProcessor.Load(Folder));
            using (model.UseAdapter("a")) expected = guard.Policies.Keys.Max(policy => guard.Violations([guard.Encode(image, policy)])[0]);
        }
        LocalCheckpoint.CheckGuard(temporary.At("adapter"));
        ModeratorSettings settings = YamlSection.Read($"checkpoint: {temporary.At("adapter")}", "moderators",
            section => new LocalModeratorKind().Read(section, "/"));
        using TemplateModerator moderator = (TemplateModerator)settings.Open(new ModeratorParts(new HttpClient(), (_, _, _) =>
            throw new NotSupportedException()));
        Verdict verdict = await moderator.ModerateAsync(new ModerationRequest([image], ""), TestContext.Current.CancellationToken);
        Assert.Equal(expected, verdict.Score, 1e-5);
        Assert.NotEqual(Expected(image).Values.Max(), verdict.Score, 1e-4);
    }

    [Fact]
    public void AnotherModelGivesNoGuardModel()
    {
        using LocalChatClient client = LocalChatClient.Load(Golden.At("models", "gemma3-tiny"));
        Assert.Null(client.GetService<IGuardModel>());
    }

    private static TemplateModerator Open(string[] lines)
    {
        string yaml = string.Join('\n', ["profile: shieldgemma2", $"checkpoint: {Folder}", .. lines]);
        ModeratorSettings settings = YamlSection.Read(yaml, "moderators", section => new TemplateKind().Read(section, "/"));
        return (TemplateModerator)settings.Open(new ModeratorParts(new HttpClient(), (_, _, _) => throw new NotSupportedException())
        {
            OpenCheckpoint = folder => LocalChatClient.Load(folder),
        });
    }

    private static Dictionary<string, float> Expected(RgbImage image, params IEnumerable<KeyValuePair<string, string>> custom)
    {
        using VisionLanguageModel model = ModelCheckpoint.Load(Folder);
        ShieldGemma guard = new ShieldGemma(model, ModelProcessor.Load(Folder)).With(custom);
        return guard.Policies.Keys.ToDictionary(policy => policy, policy => guard.Violations([guard.Encode(image, policy)])[0]);
    }
}
