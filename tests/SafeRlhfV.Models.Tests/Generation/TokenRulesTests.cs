using SafeRlhfV.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

public sealed class TokenRulesTests
{
    private static readonly string Folder = Golden.At("models", "llava-1.5-tiny");

    private static GenerationPrompt Prompt(params long[][] rows)
    {
        int longest = rows.Max(row => row.Length);
        TokenBatch batch = TokenBatch.PadLeft([.. rows.Select(row => row.Select(id => (int)id).ToArray())], 300); // the padding is a token that the rows have
        Assert.Equal(longest, batch.Ids_BL.shape[1]);
        return new(batch.Ids_BL, batch.Mask_BL);
    }

    [Fact]
    public void ARuleCountsARowsOwnTokensAndNeverItsPadding()
    {
        using DisposeScope scope = NewDisposeScope();
        using VisionLanguageModel model = ModelCheckpoint.Load(Folder);
        TextGenerator generator = new(model);
        GenerationSettings settings = new()
        {
            Temperature = 0,
            MaxNewTokens = 40,
            MaxLength = 20,
            MinLength = 9,
            NoRepeatNgramSize = 2,
            RepetitionPenalty = 0.8,
            EosTokenIds = [.. Enumerable.Range(200, 250)],
            SequenceBiases = [new([301, 72], double.NegativeInfinity), new([546], -1), new([72, 546], 3)],
            ForbiddenFirstTokenIds = [317],
            EndGrowth = (8, 1.1),
            ForcedEndTokenIds = [7],
        };
        long[][] prompts = [[1, 300, 301], [1, 300, 401, 402, 403, 404], [1], [1, 20, 30, 40]];
        using GenerationResult together = generator.Generate(Prompt(prompts), settings);
        for (int row = 0; row < prompts.Length; row++)
        {
            using GenerationResult alone = generator.Generate(Prompt(prompts[row]), settings);
            Assert.Equal(alone.Row(0), together.Row(row));
            Assert.True(prompts[row].Length + together.Lengths[row] is >= 9 and <= 20);
            if (together.Finishes[row] == FinishReason.Length) Assert.Equal(7, together.Row(row)[^1]);
            long[] text = [.. prompts[row], .. together.Row(row).Select(id => (long)id)];
            Assert.Equal(text.Length - 1, text.Zip(text.Skip(1)).Distinct().Count());
        }
    }

    [Fact]
    public void SettingsThatLeaveNoTokenOrNoRoomAreErrors()
    {
        using DisposeScope scope = NewDisposeScope();
        using VisionLanguageModel model = ModelCheckpoint.Load(Folder);
        string Refusal(GenerationSettings settings) =>
            Assert.Throws<InvalidInputException>(() => new TextGenerator(model).Generate(Prompt([1, 300, 301]), settings)).Message;
        Assert.Contains("every token", Refusal(new() { ForbiddenTokenIds = [.. Enumerable.Range(0, model.VocabularySize)] }));
        Assert.Contains("max_length", Refusal(new() { MaxLength = 3 }));
    }

    [Theory]
    [InlineData("min_p", 0.5, "1100")]
    [InlineData("min_p", 0.05, "1111")]
    [InlineData("typical", 0.2, "0100")] // the second token's surprise is nearest to the entropy, 1.142
    [InlineData("typical", 0.7, "1100")]
    [InlineData("typical", 0.9, "1110")]
    [InlineData("epsilon", 0.1, "1110")]
    [InlineData("epsilon", 0.9, "1000")] // the best stays
    [InlineData("eta", 0.2, "1110")] // sqrt(0.2) exp(-1.142) = 0.143
    [InlineData("eta", 0.5, "1100")] // sqrt(0.5) exp(-1.142) = 0.226
    public void FiltersKeepWhatTheirPapersSay(string filter, double value, string kept)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = tensor(new[] { 0.5f, 0.3f, 0.15f, 0.05f }).log().unsqueeze(0);
        Tensor filtered = filter switch
        {
            "min_p" => LogitsFilter.MinP(logits, value),
            "typical" => LogitsFilter.Typical(logits, value),
            "epsilon" => LogitsFilter.Epsilon(logits, value),
            _ => LogitsFilter.Eta(logits, value),
        };
        Assert.Equal(kept, string.Concat(filtered.isfinite().data<bool>().ToArray().Select(stays => stays ? '1' : '0')));
        // a token that an earlier filter took is not given back, and spoils nothing
        Tensor holed = logits.clone();
        holed[0, 3] = tensor(float.NegativeInfinity);
        Assert.False(LogitsFilter.Eta(LogitsFilter.Epsilon(LogitsFilter.Typical(LogitsFilter.MinP(holed, 0.1), 0.9), 0.05), 0.05).isnan().any().item<bool>());
    }
}
