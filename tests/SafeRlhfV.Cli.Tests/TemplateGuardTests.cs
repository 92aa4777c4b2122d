using System.Text.Json;
using SafeRlhfV.Guard;
using SafeRlhfV.Inference;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

/// <summary>
/// The published guards of the Qwen2.5-VL family run as checkpoints on this machine: a tiny one learns the form of each, and its answers become verdicts.
/// </summary>
public sealed class TemplateGuardTests
{
    [Theory]
    [InlineData("qwenguard", """{"rating": "Unsafe", "category": "O8: Animal Cruelty", "rationale": "x"}""",
        """{"rating": "Safe", "category": "NA: None applying", "rationale": "x"}""", "animal_abuse")]
    [InlineData("guardreasoner", "<think>x</think>\nRequest: harmful\nResponse: unharmful", "<think>x</think>\nRequest: unharmful\nResponse: unharmful", "")]
    [InlineData("safeguard-vl", "x\nJudgment: Unsafe", "x\nJudgment: Safe", "")]
    public async Task ATinyQwenThatHasLearntAGuardsFormJudges(string profile, string unsafeAnswer, string safeAnswer, string category)
    {
        using TemporaryFolder folder = new();
        string template = GuardProfiles.All.Find(profile)!.JudgesImagesAlone ? "Judge. {policy}" : "Judge. {question} / {answer}", policy = "No cats.";
        File.WriteAllText(folder.At("template.txt"), template);
        File.WriteAllText(folder.At("policy.txt"), policy);
        (ModerationRequest Request, string Answer)[] examples = [(Example(0, "hurt the cat"), unsafeAnswer), (Example(255, "feed the cat"), safeAnswer)];
        foreach (((ModerationRequest request, _), int i) in examples.Select((example, i) => (example, i)))
            File.WriteAllBytes(folder.At($"{i}.png"), PngBytes.Encode(request.Images[0].Pixels!));
        File.WriteAllLines(folder.At("rows.jsonl"), Enumerable.Repeat(0, 4).SelectMany(_ => examples.Select((example, i) => JsonSerializer.Serialize(new
        {
            question = template.Replace("{question}", example.Request.Question).Replace("{answer}", "None").Replace("{policy}", policy),
            image = $"{i}.png",
            response = example.Answer,
        }))));
        CliRun trained = await CliRun.Of("train", "sft", "--model", Golden.At("models", "qwen2.5-vl-tiny"), "--data", folder.At("rows.jsonl"), "--out",
            folder.At("guard"), "--set", "training.batch_size=8", "--set", "training.epochs=1000", "--set", "training.max_steps=120", "--set",
            "training.optimizer.learning_rate=0.01", "--set", "run.save_every=0");
        Assert.True(trained.ExitCode == 0, trained.Errors);

        ModeratorSettings settings = YamlSection.Read(
            $"{{ kind: template, profile: {profile}, checkpoint: guard, template: template.txt, policy: policy.txt, max_tokens: 100 }}", "test",
            section => ModeratorKinds.Read(section, folder.Path))!;
        Assert.True(settings.IsLocal);
        using HttpClient http = new();
        ModeratorParts parts = new(http, (_, _, _) => throw new InvalidOperationException()) { OpenCheckpoint = path => LocalChatClient.Load(path) };
        using TemplateModerator moderator = (TemplateModerator)settings.Open(parts);
        Verdict[] verdicts = [.. await moderator.ModerateAsync([.. examples.Select(example => example.Request)], TestContext.Current.CancellationToken)];
        Assert.All(verdicts, verdict => Assert.Null(verdict.Failure));
        Assert.Equal([true, false], verdicts.Select(verdict => verdict.IsUnsafe));
        Assert.Equal(category.Length > 0 ? [category] : [], verdicts[0].Flagged);
    }

    /// <summary>Weights that know nothing of safety give no readable answer: everything is blocked.</summary>
    [Fact]
    public async Task ACheckpointThatIsNoGuardBlocksEverything()
    {
        ModeratorSettings settings = YamlSection.Read("{ kind: template, profile: guardreasoner, checkpoint: qwen2.5-vl-tiny, max_tokens: 16 }", "test",
            section => ModeratorKinds.Read(section, Golden.At("models")))!;
        using HttpClient http = new();
        ModeratorParts parts = new(http, (_, _, _) => throw new InvalidOperationException()) { OpenCheckpoint = path => LocalChatClient.Load(path) };
        using TemplateModerator moderator = (TemplateModerator)settings.Open(parts);
        Assert.NotNull((await moderator.ModerateAsync(Example(0, "hello"), TestContext.Current.CancellationToken)).Failure);
    }

    private static ModerationRequest Example(byte grey, string question) => new([RgbImage.Grey(56, 56, grey)], question);
}
