using SafeRlhfV.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

public sealed class GuardModelTests
{
    private static readonly string Base = Directory.GetDirectories(Golden.At("models"), "llava*")
        .First(folder => File.Exists(Path.Combine(folder, "model.safetensors")));

    private static readonly GuardConfig Own = new()
    {
        Temperatures = new GuardTemperatures(2, 0.5, 4),
        Cutoffs = new GuardCutoffs { Prompt = 0.25, Answer = 0.125, Category = 0.75, Categories = new Dictionary<string, double> { ["animal_abuse"] = 0.5 } },
        JudgesPrompts = false,
        Calibration = "by hand",
    };

    [Fact]
    public void SavingKeepsProbabilitiesAndSettingsAndPaddingSideDoesNotMatter()
    {
        using DisposeScope scope = NewDisposeScope();
        using TemporaryFolder temporary = new();
        using GuardModel guard = GuardModel.Create(ModelCheckpoint.Load(Base), seed: 1, Own);
        guard.Save(temporary.At("guard"));
        using GuardModel again = GuardModel.Load(temporary.At("guard"));
        Tensor right = tensor(new long[] { 1, 300, 301, 0, 0, 1, 400, 401, 402, 403 }).view(2, 5),
            rightMask = tensor(new[] { true, true, true, false, false, true, true, true, true, true }).view(2, 5);
        Tensor left = tensor(new long[] { 0, 0, 1, 300, 301, 1, 400, 401, 402, 403 }).view(2, 5),
            leftMask = tensor(new[] { false, false, true, true, true, true, true, true, true, true }).view(2, 5);
        GuardOutput one = guard.Forward(right, rightMask, null), two = again.Forward(left, leftMask, null);
        Assert.Equal([2], one.Verdict_B.shape);
        Assert.Equal([2, 20], one.Categories_BC.shape);
        Assert.Equal([2, 4], one.Severities_BS.shape);
        Assert.True(Distance(one.Verdict_B, two.Verdict_B) < 1e-5 && Distance(one.Categories_BC, two.Categories_BC) < 1e-5
            && Distance(one.Severities_BS, two.Severities_BS) < 1e-5);
        Assert.False(one.Verdict_B.requires_grad);
        Assert.Equal(Own.ToJson(), again.Config.ToJson());
        Assert.Equal(0.5, again.Config.Cutoffs.Categories["animal_abuse"]);
        ModelCheckpoint.Load(temporary.At("guard")).Dispose(); // a whole checkpoint: the backbone loads without the head
        again.Scores.Save(temporary.At("other")); // the settings are not carried into what is no guard
        Assert.False(File.Exists(Path.Combine(temporary.At("other"), GuardConfig.FileName)));
    }

    [Fact]
    public void OutputsStandInTheOrderOfTheLabelsAndAreDividedByTheirTemperatures()
    {
        using DisposeScope scope = NewDisposeScope();
        GuardOutput logits = GuardOutput.Split(arange(50, ScalarType.Float32).view(2, 25) / 10);
        GuardOutput probabilities = logits.ToProbabilities(Own.Temperatures);
        Assert.Equal(2.5f, logits.Verdict_B[1].item<float>());
        Assert.Equal(1 / (1 + Math.Exp(-2.5 / 2)), probabilities.Verdict_B[1].item<float>(), 5);
        Assert.Equal(1 / (1 + Math.Exp(-0.8 / 0.5)), probabilities.Categories_BC[0][Taxonomy.IndexOf("animal_abuse")].item<float>(), 5);
        double[] raised = [.. Enumerable.Range(21, 4).Select(at => Math.Exp(at / 10.0 / 4))];
        for (int i = 0; i < 4; i++) Assert.Equal(raised[i] / raised.Sum(), probabilities.Severities_BS[0][i].item<float>(), 5);
    }

    [Fact]
    public void LogitsCarryGradientsToTheHead()
    {
        using DisposeScope scope = NewDisposeScope();
        using GuardModel guard = GuardModel.Create(ModelCheckpoint.Load(Base), seed: 1);
        GuardOutput logits = guard.Logits(tensor(new long[] { 1, 300, 301 }).view(1, 3), ones(1, 3, ScalarType.Bool), null);
        (logits.Verdict_B.sum() + logits.Severities_BS.select(1, 3).sum()).backward();
        long[] touched = [.. guard.Scores.Head.Weight.grad!.abs().sum(1).ne(0).nonzero().flatten().data<long>()];
        Assert.Equal([0, 24], touched);
    }

    [Theory]
    [InlineData("\"verdict\": 2", "\"verdict\": 0", "temperatures.verdict must be above 0")]
    [InlineData("\"prompt\": 0.25", "\"prompt\": 1.5", "thresholds.prompt must lie from 0 to 1")]
    [InlineData("\"animal_abuse\": 0.5", "\"cooking\": 0.5", "thresholds.categories.cooking is no category")]
    [InlineData("\"none\",", "\"nothing\",", "severities must be none, minor, moderate, severe")]
    [InlineData("\"hacking_or_digital_crime\",", "", "categories must be the 20 categories")]
    public void AFaultySettingIsNamed(string was, string becomes, string message)
    {
        using TemporaryFolder temporary = new();
        string json = Own.ToJson();
        Assert.Contains(was, json);
        File.WriteAllText(temporary.At(GuardConfig.FileName), json.Replace(was, becomes));
        Assert.Contains(message, Assert.Throws<InvalidInputException>(() => GuardConfig.Load(temporary.At("."))).Message);
    }

    [Fact]
    public void FoldersThatAreNoGuardsAreRefused()
    {
        using TemporaryFolder temporary = new();
        Assert.Contains("this is no guard", Assert.Throws<InvalidInputException>(() => GuardModel.Load(Base)).Message);
        using ScoreModel reward = new(ModelCheckpoint.Load(Base), ScoreHead.Create(64, 1, 1));
        Assert.Contains("reward or cost model", Assert.Throws<InvalidInputException>(() => new GuardModel(reward)).Message);
    }

    [Fact]
    public void AConvertedGuardIsStillOneAndOtherKindsAreNamed()
    {
        using TemporaryFolder temporary = new();
        using (GuardModel guard = GuardModel.Create(ModelCheckpoint.Load(Base), seed: 1, Own)) guard.Save(temporary.At("guard"));
        CheckpointConverter.Convert(temporary.At("guard"), temporary.At("again"));
        Assert.Equal(ModelKind.Guard, ModelKinds.Of(temporary.At("again")));
        using (GuardModel again = GuardModel.Load(temporary.At("again"))) Assert.Equal(Own.ToJson(), again.Config.ToJson());

        using (ScoreModel cost = new(ModelCheckpoint.Load(Base), ScoreHead.Create(64, 1, 1, kind: ModelKind.Cost)))
        {
            cost.Save(temporary.At("cost"));
            cost.Backbone.Adapters.Create("a", LoraConfig.ForLanguageModel(2, 4), 1).Save(temporary.At("adapter"));
        }
        Assert.Contains("this is no guard but a cost model (CM-V)", Assert.Throws<InvalidInputException>(() => GuardModel.Load(temporary.At("cost"))).Message);
        CheckpointConverter.Convert(temporary.At("cost"), temporary.At("cost-again"));
        Assert.Equal(ModelKind.Cost, ModelKinds.Of(temporary.At("cost-again")));
        // what the trainer of a policy leaves beside its adapter
        File.WriteAllText(temporary.At("adapter", "recipe.yaml"), "trainer: dpo\n");
        Assert.Contains("this is a policy; the score head",
            Assert.Throws<InvalidInputException>(() =>
                CheckpointConverter.Merge(temporary.At("cost"), temporary.At("adapter"), temporary.At("merged"))).Message);
        Assert.Contains("this is a policy; the score head",
            Assert.Throws<InvalidInputException>(() => ScoreModel.Load(temporary.At("cost"), adapterFolder: temporary.At("adapter"))).Message);
    }

    private static double Distance(Tensor one, Tensor two) => (one - two).abs().max().item<float>();
}
