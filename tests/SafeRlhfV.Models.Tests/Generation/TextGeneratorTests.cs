using SafeRlhfV.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

public sealed class TextGeneratorTests
{
    private static readonly string Folder = Directory.GetDirectories(Golden.At("models"), "llava*")
        .First(folder => File.Exists(Path.Combine(folder, "model.safetensors")));

    private static GenerationPrompt Prompt(params long[][] rows)
    {
        int longest = rows.Max(row => row.Length);
        long[] ids = [.. rows.SelectMany(row => Enumerable.Repeat(0L, longest - row.Length).Concat(row))];
        bool[] mask = [.. rows.SelectMany(row => Enumerable.Repeat(false, longest - row.Length).Concat(Enumerable.Repeat(true, row.Length)))];
        return new(tensor(ids).view(rows.Length, longest), tensor(mask).view(rows.Length, longest));
    }

    [Fact]
    public void ARowGetsTheSameAnswerAloneAndInAnyBatch()
    {
        using DisposeScope scope = NewDisposeScope();
        using VisionLanguageModel model = ModelCheckpoint.Load(Folder);
        TextGenerator generator = new(model);
        GenerationSettings settings = new()
        {
            MaxNewTokens = 30,
            Temperature = 0.9,
            TopK = 50,
            TopP = 0.95,
            EosTokenIds = [.. Enumerable.Range(0, 60)],
            LogProbs = true
        };
        long[][] prompts = [[1, 300, 301], [1, 400, 401, 402, 403, 404], [1, 500], [1, 20, 30, 40]];
        using GenerationResult together = generator.Generate(Prompt(prompts), settings,
            [.. Enumerable.Range(0, 4).Select(row => new RandomStream(5, $"row/{row}"))]);
        Assert.True(together.Lengths.Distinct().Count() > 1, "rows should end at different steps, so that rows leave the batch");
        for (int row = 0; row < prompts.Length; row++)
        {
            using GenerationResult alone = generator.Generate(Prompt(prompts[row]), settings, [new RandomStream(5, $"row/{row}")]);
            Assert.Equal(alone.Row(0), together.Row(row));
            Assert.Equal(alone.Finishes[0], together.Finishes[row]);
        }
    }

    [Fact]
    public void SamplesOfAPromptAreThoseOfTheRepeatedPrompt()
    {
        using DisposeScope scope = NewDisposeScope();
        using VisionLanguageModel model = ModelCheckpoint.Load(Folder);
        TextGenerator generator = new(model);
        GenerationSettings settings = new() { MaxNewTokens = 8, Seed = 3, Samples = 3 };
        long[] first = [1, 300, 301], second = [1, 400, 401, 402];
        using GenerationResult shared = generator.Generate(Prompt(first, second), settings);
        using GenerationResult repeated = generator.Generate(Prompt(first, first, first, second, second, second), settings with { Samples = 1 });
        for (int row = 0; row < 6; row++) Assert.Equal(repeated.Row(row), shared.Row(row));
        Assert.Equal(6, Enumerable.Range(0, 6).Select(row => string.Join(' ', shared.Row(row))).Distinct().Count());
    }

    [Fact]
    public void LogProbsAreThoseOfAPassOverTheWholeText()
    {
        using DisposeScope scope = NewDisposeScope();
        using VisionLanguageModel model = ModelCheckpoint.Load(Folder);
        GenerationPrompt prompt = Prompt([1, 300, 301], [1, 400, 401, 402]);
        GenerationSettings settings = new() { MaxNewTokens = 12, Temperature = 0.7, TopK = 20, LogProbs = true };
        using GenerationResult result = new TextGenerator(model).Generate(prompt, settings);
        using IDisposable noGrad = no_grad();
        Tensor ids = cat([prompt.Ids_BL, result.Tokens_BT], 1), mask = cat([prompt.Mask_BL, ones_like(result.Tokens_BT, ScalarType.Bool)], 1);
        Tensor logits = model.Logits(model.Hidden(ids, mask, null)) / 0.7;
        Tensor expected = logits.log_softmax(-1).narrow(1, prompt.Ids_BL.shape[1] - 1, 12).gather(2, result.Tokens_BT.unsqueeze(2)).squeeze(2);
        Assert.True((expected - result.LogProbs_BT!).abs().max().item<float>() < 1e-4);
    }

    [Fact]
    public void SampledFrequenciesFollowTheProbabilities()
    {
        using DisposeScope scope = NewDisposeScope();
        using VisionLanguageModel model = ModelCheckpoint.Load(Folder);
        const int Count = 4000;
        GenerationPrompt prompt = Prompt([1, 300, 301]);
        GenerationSettings settings = new() { MaxNewTokens = 1, Temperature = 1, TopK = 10, Samples = Count, Seed = 11 };
        using GenerationResult result = new TextGenerator(model).Generate(prompt, settings);
        using IDisposable noGrad = no_grad();
        Tensor logits = model.Logits(model.Hidden(prompt.Ids_BL, prompt.Mask_BL, null)).select(1, 2);
        logits = logits.clone();
        logits[0, model.ImageTokenId] = float.NegativeInfinity;
        Tensor probs = LogitsFilter.TopK(logits, 10).softmax(-1).squeeze(0);
        Tensor counts = result.Tokens_BT.view(-1).bincount(null, minlength: (int)probs.shape[0]).to(ScalarType.Float32) / Count;
        Assert.True((counts - probs).abs().max().item<float>() < 0.04);
        Assert.Equal(0, counts.masked_fill(probs.gt(0), 0).sum().item<float>());
    }

    [Fact]
    public void LimitsStopsAndCancellationHold()
    {
        using DisposeScope scope = NewDisposeScope();
        using VisionLanguageModel model = ModelCheckpoint.Load(Folder);
        TextGenerator generator = new(model);
        GenerationPrompt prompt = Prompt([1, 300, 301]);
        int[] all = [.. Enumerable.Range(0, model.VocabularySize)];
        using (GenerationResult result = generator.Generate(prompt,
            new GenerationSettings { MaxNewTokens = 9, MinNewTokens = 4, EosTokenIds = [.. all.Skip(1)] }))
            Assert.All(result.Row(0).Take(4), id => Assert.Equal(0, id));
        using (GenerationResult result = generator.Generate(prompt, new GenerationSettings { MaxNewTokens = 9, Stop = (_, tokens) => tokens.Count == 3 }))
        {
            Assert.Equal(3, result.Lengths[0]);
            Assert.Equal(FinishReason.Stopped, result.Finishes[0]);
        }
        using CancellationTokenSource stop = new();
        Assert.Throws<OperationCanceledException>(() =>
            generator.Generate(prompt, new GenerationSettings { MaxNewTokens = 50 }, onToken: _ => stop.Cancel(), cancellationToken: stop.Token));
        Assert.Throws<InvalidInputException>(() => generator.Generate(prompt, new GenerationSettings { TopP = 0 }));
        Assert.Throws<InvalidInputException>(() =>
            generator.Generate(prompt with { Mask_BL = tensor(new[] { true, true, false }).view(1, 3) }, new GenerationSettings()));
    }

    [Fact]
    public async Task StreamingYieldsTheTokensOfTheWholeAnswer()
    {
        using VisionLanguageModel model = ModelCheckpoint.Load(Folder);
        TextGenerator generator = new(model);
        GenerationPrompt prompt = Prompt([1, 300, 301]);
        GenerationSettings settings = new() { MaxNewTokens = 10, Seed = 2 };
        IReadOnlyList<int> whole;
        using (GenerationResult result = generator.Generate(prompt, settings)) whole = result.Row(0);
        List<int> streamed = [];
        await foreach (GeneratedToken token in generator.Stream(prompt, settings)) streamed.Add(token.Id);
        Assert.Equal(whole, streamed);
        await foreach (GeneratedToken token in generator.Stream(prompt, settings with { MaxNewTokens = 4000 })) break;
    }
}
