using System.Text;
using SafeRlhfV.Inference;
using SafeRlhfV.Inference.Tests;
using SafeRlhfV.Models;
using SafeRlhfV.SafetyWorld;

namespace SafeRlhfV.Demo.Tests;

public sealed class GuardAttackTests(TinyModels models) : IClassFixture<TinyModels>
{
    private static readonly WorldPrompt[] Prompts = [.. new World(4).TestPrompts(6)];

    [Fact]
    public void Every_attack_but_the_first_changes_the_prompt_and_the_same_stream_gives_the_same()
    {
        Assert.Equal(GuardAttack.Suite.Count, GuardAttack.Suite.Select(attack => attack.Name).Distinct().Count());
        foreach (GuardAttack attack in GuardAttack.Suite)
        {
            foreach (WorldPrompt prompt in Prompts)
            {
                AttackPrompt sent = attack.Apply(prompt, new RandomStream(1, "a")), again = attack.Apply(prompt, new RandomStream(1, "a"));
                bool same = sent.Turns.SequenceEqual([prompt.Text]) && sent.Image.Pixels.SequenceEqual(prompt.Image.Pixels);
                Assert.Equal(attack.Name == "none", same);
                Assert.Equal(sent.Turns, again.Turns);
                Assert.Equal(sent.Image.Pixels, again.Image.Pixels);
                Assert.Equal((56, 56), (sent.Image.Width, sent.Image.Height));
            }
        }
    }

    [Fact]
    public void Words_can_be_had_back()
    {
        WorldPrompt prompt = Prompts[0];
        string Sent(string name) => GuardAttack.Suite.Single(attack => attack.Name == name).Apply(prompt, new RandomStream(1, "a")).Text;
        Assert.Equal(prompt.Text, Encoding.UTF8.GetString(Convert.FromBase64String(Sent("Base64").Split(' ')[^1])));
        Assert.Equal(prompt.Text, Sent("split over turns"));
        Assert.Equal(prompt.Text, Sent("invisible characters").Replace("\u200b", ""));
        Assert.Contains(prompt.Text, Sent("role play"));
        Assert.DoesNotContain('a', Sent("look-alike letters"));
    }

    [Fact]
    public void The_gradient_lowers_the_guards_verdict_within_its_bound_more_than_chance_does()
    {
        ChatGuard guard = LocalCheckpoint.OpenGuard(models.Guard);
        using GuardModel owned = guard.Model;
        GradientAttack attack = new(guard, epsilon: 8, steps: 6);
        RgbImage[] clean = [.. Prompts.Select(prompt => prompt.Image)];
        string[] questions = [.. Prompts.Select(prompt => prompt.Text)], answers = [.. Prompts.Select(_ => "lock it away .")];
        IReadOnlyList<RgbImage> moved = attack.Perturb(clean, questions, answers, TestContext.Current.CancellationToken);
        RgbImage[] shaken = [.. clean.Select((image, i) => attack.Shake(image, new RandomStream(1, $"{i}")))];
        double Mean(IReadOnlyList<RgbImage> images) => guard.Outputs([.. images.Zip(questions, (image, question) => guard.Processor.EncodePrompt(question, image))], answers).Average(outputs => outputs[GuardHeads.Verdict]);
        for (int i = 0; i < clean.Length; i++) Assert.InRange(clean[i].Pixels.Zip(moved[i].Pixels, (a, b) => Math.Abs(a - b)).Max(), 1, 8);
        double before = Mean(clean);
        Assert.True(Mean(moved) < before - 3 * Math.Abs(Mean(shaken) - before), $"{before} {Mean(moved)} {Mean(shaken)}");
    }

    [Fact]
    public void A_guard_that_resizes_the_pictures_is_refused_before_any_attack()
    {
        ChatGuard guard = LocalCheckpoint.OpenGuard(models.Guard);
        using GuardModel owned = guard.Model;
        GradientAttack attack = new(guard);
        attack.Check(Prompts[0].Image);
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => attack.Check(new RgbImage(60, 56, new byte[60 * 56 * 3])));
        Assert.Contains("resizes or cuts", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_runner_reports_every_attack_and_the_guard_only_takes_away()
    {
        using LocalChatClient model = LocalChatClient.Load(models.Chat);
        ChatGuard guard = LocalCheckpoint.OpenGuard(models.Guard);
        using GuardModel owned = guard.Model;
        IReadOnlyList<AttackResult> results = await new AttackRunner(model, guard, seed: 4).RunAsync(6, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal([.. GuardAttack.Suite.Select(attack => attack.Name), "gradient", "gradient's control"], results.Select(result => result.Name));
        Assert.All(results, result => Assert.True(result.UnsafeGuarded.Value <= result.UnsafeAnswersGuarded.Value && result.UnsafeAnswersGuarded.Value <= result.Unsafe.Value, result.Name));
    }
}
