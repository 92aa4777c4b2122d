using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

public sealed class TimePlanTests(TinyRecipes tiny) : IClassFixture<TinyRecipes>
{
    private static readonly GpuCard Card = GpuCard.Find("h100-80gb");

    private static Recipe Load(string file, params string[] sets) =>
        RecipeReader.Load(Path.Combine(Golden.RepositoryRoot(), "recipes", $"{file}.yaml"), sets, variables: new("models/llava-1.5-7b-hf", "llava"));

    private static double Seconds(string file, params string[] sets) => RecipePlan.ByLimits(Load(file, sets), Card).Time(Card)!.SecondsOfUnit;

    [Fact]
    public void OperationsOfAStepAreSixForEachWeightAndTokenAndMore()
    {
        Recipe recipe = Load("paper/sft", "training.gradient_checkpointing=false");
        TimePlan time = RecipePlan.ByLimits(recipe, Card).Time(Card)!;
        TrainerSettings training = ((IModelTrainingRecipe)recipe).Training;
        double weights = 32.0 * ((4 * 4096.0 * 4096) + (3 * 4096.0 * 11008)), tokens = (double)training.BatchSize * training.Lengths.TotalTokens;
        Assert.InRange(time.FlopsOfUnit, 6 * weights * tokens, 6 * weights * tokens * 1.5);
        Assert.Equal("step", time.Unit);
        Assert.Equal(time.FlopsOfUnit / (0.4 * 989e12), time.SecondsOfUnit, 0.3 * time.SecondsOfUnit);
    }

    [Theory]
    [InlineData("paper/sft", "training.batch_size=64", "training.batch_size=8")]
    [InlineData("paper/sft", "training.gradient_checkpointing=true", "training.gradient_checkpointing=false")]
    [InlineData("paper/sft", "model.dtype=bfloat16", "model.lora.rank=16")]
    [InlineData("paper/sft", "training.train_vision_tower=true", "training.train_vision_tower=false")]
    [InlineData("paper/sft", "training.optimizer.offload=true", "training.optimizer.offload=false")]
    [InlineData("paper/sft", "model.dtype=float32", "model.dtype=bfloat16")]
    [InlineData("one-gpu/ppo", "training.max_new_tokens=512", "training.max_new_tokens=128")]
    [InlineData("one-gpu/ppo", "training.update_epochs=2", "training.update_epochs=1")]
    [InlineData("one-gpu/ppo", "training.rollout_micro_batch=1", "training.rollout_micro_batch=16")]
    [InlineData("one-gpu/ppo", "training.ptx_batch=8", "training.ptx_coefficient=0")]
    [InlineData("one-gpu/ppo", "model.lora.dropout=0.1", "model.lora.dropout=0")]
    public void WhatTakesLongerIsEstimatedLonger(string file, string more, string less) => Assert.True(Seconds(file, more) > Seconds(file, less));

    [Fact]
    public void FasterCardsTakeLessAndASizeAloneTellsNoSpeed()
    {
        Recipe recipe = Load("one-gpu/sft");
        double Of(string name) => RecipePlan.ByLimits(recipe, GpuCard.Find(name)).Time(GpuCard.Find(name))!.SecondsOfUnit;
        Assert.True(Of("v100-32gb") > Of("l4") && Of("l4") > Of("a100-80gb") && Of("a100-80gb") > Of("h100-80gb"));
        Assert.Null(RecipePlan.ByLimits(recipe, GpuCard.Find("48gib")).Time(GpuCard.Find("48gib")));
        Assert.Null(RecipePlan.ByLimits(recipe).Time(null));
    }

    [Theory]
    [InlineData("sft", "step")]
    [InlineData("ppo-none", "round")]
    public void OnTheCpuItIsMeasuredAndTheDataGivesTheSteps(string name, string unit)
    {
        TimePlan time = RecipePlan.ByData(tiny.Recipe(name, "run")).Time(null)!;
        Assert.Equal(unit, time.Unit);
        Assert.True(time.Units > 0);
        Assert.InRange(time.SecondsOfUnit, 1e-6, 600);
        Assert.Contains("measured here", time.Assumed);
        Assert.Contains("a rough estimate", time.Lines[0]);
    }
}
