using SafeRlhfV.Data;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

public sealed class PlanSizesTests(TinyRecipes tiny) : IClassFixture<TinyRecipes>
{
    private static readonly LengthLimits Lengths = new();

    private static string Pairs => Golden.At("beavertails-v", "paired");

    [Theory]
    [InlineData("llava-1.5-tiny")]
    [InlineData("llava-next-tiny")]
    [InlineData("qwen2-vl-tiny")]
    [InlineData("qwen2.5-vl-tiny")]
    [InlineData("internvl3-tiny-sharded")]
    public void ImagesAreCountedByTheirRealSize(string name)
    {
        string folder = Golden.At("models", name);
        ModelProcessor processor = ModelProcessor.Load(folder);
        PlanSizes sizes = PlanSizes.Look(new DataRecipe { Folder = Pairs }, processor, Lengths);
        SampleEncoder encoder = new(processor, Lengths);
        ImageGeometry[] processed = [.. PreferenceDataset.Open(Pairs).ReadRecords(RecordParts.Answers, "train", null)
            .Select(row => encoder.Encode(row, [.. row.Answers.Select(answer => answer.Text)])).OfType<IReadOnlyList<EncodedSample>>()
            .Select(texts => texts[0].Images!.Images.Single().Geometry)];
        Assert.Equal(processed.Max(image => image.Rows), sizes.MostImageRows);
        Assert.Equal(processed.Max(image => image.Tokens), sizes.MostImageTokens);
        Assert.Equal(processed.Average(image => image.Rows), sizes.MeanImageRows, 1e-9);
        Assert.Equal(processed.Length, sizes.Rows.Count);
    }

    [Fact]
    public void FeaturesOfAQwenFollowTheData()
    {
        Recipe recipe = RecipeReader.Parse("trainer: sft\n", "test",
            [$"model.folder={Golden.At("models", "qwen2-vl-tiny")}", $"data.folder={Pairs}", "training.batch_size=32", "run.folder=run"]);
        MemoryPlan plan = RecipePlan.ByData(recipe).Memory;
        // 36 patches of 32 numbers an image, not the 4,096 of an ordinary photograph
        Assert.Equal(32L * 36 * 32 * 4, plan.Parts.Single(part => part.Name == "vision features of a batch").Bytes);
        Assert.True(plan.Parts.Single(part => part.Name == "data").Bytes < 16L << 20);
    }

    [Fact]
    public void PromptsNeedNoAnswers()
    {
        string folder = tiny.At("questions");
        Directory.CreateDirectory(folder);
        File.WriteAllLines(Path.Combine(folder, "train.jsonl"),
            Enumerable.Range(0, 5).Select(i => $$"""{"question": "what is in the image number {{i}} ?"}"""));
        PlanSizes sizes = PlanSizes.Look(new DataRecipe { Folder = folder }, ModelProcessor.Load(Golden.At("models", "llava-1.5-tiny")), Lengths,
            prompts: true);
        Assert.True(sizes.PromptTokens > 8);
        Assert.Equal(5, sizes.Rows.Count);
        Assert.Equal(0, sizes.MostImageRows);
    }
}
