using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using SafeRlhfV.SafetyWorld;
using SafeRlhfV.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Demo;

/// <summary>Answers the world's prompts with a policy, and scores answers; both by way of the checkpoint's own processor.</summary>
internal sealed class Answers(DemoContext context)
{
    private const int BatchSize = 256;

    /// <summary>One answer (or several) to each prompt, in words: as <c>generate</c> answers.</summary>
    /// <param name="model">Who answers.</param>
    /// <param name="prompts">The prompts.</param>
    /// <param name="stream">Names the random streams, one a prompt and sample.</param>
    /// <param name="temperature">0 = greedy.</param>
    /// <param name="samples">Answers a prompt.</param>
    public IReadOnlyList<string[]> Sample(VisionLanguageModel model, IReadOnlyList<WorldPrompt> prompts, string stream, double temperature = 1, int samples = 1)
    {
        // a row's sums do not depend on which prompts of its batch show the same image
        ChatGenerator generator = new(model, context.Processor) { SharesImages = false };
        TextSettings settings = new() { Tokens = new() { MaxNewTokens = Vocabulary.ResponseLength, Temperature = temperature, Samples = samples } };
        return [.. prompts.Chunk(BatchSize).SelectMany(part => generator.Generate(
            [.. part.Select(prompt => context.Processor.EncodePrompt(prompt.Text, prompt.Image))], settings,
            [.. part.SelectMany(prompt => Enumerable.Range(0, samples).Select(sample =>
                new RandomStream(context.Settings.Seed, $"{stream}/{prompt.Name}/{sample}")))],
            cancellationToken: context.Cancel).Select(answer => answer.Text).Chunk(samples))];
    }

    /// <summary>End scores of answers: [outputs] each; null answers are prompts alone.</summary>
    /// <param name="scorer">Who scores.</param>
    /// <param name="rows">Prompts with answers.</param>
    /// <param name="grey">The image is replaced by plain grey.</param>
    public IReadOnlyList<float[]> Score(ScorerRole scorer, IReadOnlyList<(WorldPrompt Prompt, string? Answer)> rows, bool grey = false)
    {
        List<float[]> scores = [];
        using IDisposable noGrad = no_grad();
        foreach ((WorldPrompt Prompt, string? Answer)[] part in rows.Chunk(BatchSize))
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor outputs = scorer.EndScores(Collate(part.Select(row => Encode(row.Prompt, row.Answer, grey)))).reshape(part.Length, -1);
            float[] values = outputs.contiguous().data<float>().ToArray();
            int width = values.Length / part.Length;
            for (int row = 0; row < part.Length; row++) scores.Add(values[(row * width)..((row + 1) * width)]);
            context.Cancel.ThrowIfCancellationRequested();
        }
        return scores;
    }

    private SequenceBatch Collate(IEnumerable<EncodedSample> samples) => SequenceBatch.Collate([.. samples], context.Processor.PadTokenId,
        context.Cache("world"));

    private EncodedSample Encode(WorldPrompt prompt, string? answer, bool grey)
    {
        EncodedPrompt encoded = context.Processor.EncodePrompt(prompt.Text, grey ? Grey : prompt.Image);
        int[] response = answer is null ? [] : context.Processor.EncodeResponse(encoded, answer);
        return new EncodedSample(encoded.Ids, response, new SampleImages(grey ? "grey" : prompt.Name, () => encoded.Images));
    }

    /// <summary>The image that blanked prompts show.</summary>
    public static RgbImage Grey { get; } = RgbImage.Grey(ScenePainter.Side, ScenePainter.Side);
}
