using SafeRlhfV.Processing;
using SafeRlhfV.Processing.Tests;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Models.Tests;

public sealed class ShieldGemmaTests
{
    private static readonly string Folder = Golden.At("models", "shieldgemma2-tiny");

    [Fact]
    public void EveryPromptBeginsWithTwoBeginTokensAndHoldsThePolicy()
    {
        using VisionLanguageModel model = ModelCheckpoint.Load(Folder);
        ModelProcessor processor = ModelProcessor.Load(Folder);
        ShieldGemma guard = new ShieldGemma(model, processor).With([KeyValuePair.Create("boxes", "No Boxes: The image shall not show a box.")]);
        Assert.Equal(["dangerous", "sexual", "violence", "boxes"], guard.Policies.Keys);
        EncodedPrompt prompt = guard.Encode(GoldenPictures.Noise((50, 40, 1)), "boxes");
        int begin = processor.Tokenizer.IdOf("<bos>")!.Value;
        Assert.Equal([begin, begin], prompt.Ids[..2]);
        Assert.Contains("No Boxes: The image shall not show a box.", prompt.Text, StringComparison.Ordinal);
        Assert.Contains("dangerous, sexual, violence, boxes", Assert.Throws<InvalidInputException>(() => guard.Encode(GoldenPictures.Noise((9, 9, 1)), "cats"))
            .Message, StringComparison.Ordinal);
    }

    [Fact]
    public void PoliciesThatNoFileNamesAreAnError()
    {
        Assert.Contains("policy_definitions", Assert.Throws<InvalidInputException>(() => ShieldGemma.PoliciesOf(Golden.At("models", "gemma3-tiny"))).Message,
            StringComparison.Ordinal);
        Assert.True(ShieldGemma.IsIn(Folder));
        Assert.False(ShieldGemma.IsIn(Golden.At("models", "gemma3-tiny")));
    }

    [Fact]
    public void EveryLayoutOfTheReferenceIsReadAndWrittenBack()
    {
        using TemporaryFolder saved = new();
        using VisionLanguageModel model = ModelCheckpoint.Load(Folder);
        foreach (string layout in new ShieldGemmaFamily().Layouts.Select(layout => layout.Name))
        {
            ModelCheckpoint.Save(model, saved.At(layout), new SaveOptions { Layout = layout });
            using VisionLanguageModel again = ModelCheckpoint.Load(saved.At(layout));
            Assert.Equal(layout, again.Origin!.Layout.Name);
            Assert.All(model.parameters().Zip(again.parameters()), pair => Assert.True(pair.First.eq(pair.Second).all().item<bool>()));
        }
    }
}
