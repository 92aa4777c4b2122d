using SafeRlhfV.Evaluation;
using SafeRlhfV.Inference;
using SafeRlhfV.Inference.Tests;
using SafeRlhfV.Models;
using SafeRlhfV.SafetyWorld;

namespace SafeRlhfV.Demo.Tests;

public sealed class WorldAttackTests(TinyModels models) : IClassFixture<TinyModels>
{
    private static readonly WorldPrompt[] Prompts = [.. new World(4).TestPrompts(6)];

    [Fact]
    public void TheGradientLowersTheGuardsVerdictWithinItsBoundMoreThanChanceDoes()
    {
        ChatGuard guard = LocalCheckpoint.OpenGuard(models.Guard);
        using GuardModel owned = guard.Model;
        GradientAttack attack = new(guard, epsilon: 8, steps: 6);
        RgbImage[] clean = [.. Prompts.Select(prompt => prompt.Image)];
        string[] questions = [.. Prompts.Select(prompt => prompt.Text)], answers = [.. Prompts.Select(_ => "lock it away .")];
        IReadOnlyList<RgbImage> moved = attack.Perturb(clean, questions, answers, TestContext.Current.CancellationToken);
        RgbImage[] shaken = [.. clean.Select((image, i) => new RandomShift().Apply(image, new RandomStream(1, $"{i}")))];
        double Mean(IReadOnlyList<RgbImage> images) =>
            guard.Outputs([.. images.Zip(questions, (image, question) => guard.Processor.EncodePrompt(question, image))], answers)
                .Average(outputs => outputs[GuardHeads.Verdict]);
        for (int i = 0; i < clean.Length; i++) Assert.InRange(clean[i].Pixels.Zip(moved[i].Pixels, (a, b) => Math.Abs(a - b)).Max(), 1, 8);
        double before = Mean(clean);
        Assert.True(Mean(moved) < before - 3 * Math.Abs(Mean(shaken) - before), $"{before} {Mean(moved)} {Mean(shaken)}");
    }

    [Fact]
    public void AGuardThatResizesTheImagesIsRefusedBeforeAnyAttack()
    {
        ChatGuard guard = LocalCheckpoint.OpenGuard(models.Guard);
        using GuardModel owned = guard.Model;
        GradientAttack attack = new(guard);
        attack.Check(Prompts[0].Image);
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => attack.Check(new RgbImage(60, 56, new byte[60 * 56 * 3])));
        Assert.Contains("resizes or cuts", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheRunnerReportsEveryAttackAndTheGuardOnlyTakesAway()
    {
        using LocalChatClient model = LocalChatClient.Load(models.Chat);
        ChatGuard guard = LocalCheckpoint.OpenGuard(models.Guard);
        using GuardModel owned = guard.Model;
        IReadOnlyList<AttackResult> results = await new WorldAttack(model, guard, seed: 4).RunAsync(6,
            cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal([.. GuardAttack.Suite.Select(attack => attack.Name), "gradient", "gradient's control"], results.Select(result => result.Name));
        Assert.All(results, result => Assert.True(result.UnsafeGuarded.Value <= result.UnsafeAnswersGuarded.Value
            && result.UnsafeAnswersGuarded.Value <= result.Unsafe.Value, result.Name));
    }
}
