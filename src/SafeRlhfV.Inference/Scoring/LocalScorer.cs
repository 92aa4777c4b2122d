using SafeRlhfV.Guard;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Inference;

/// <summary>A reward or cost checkpoint on this machine: scores of answers. Callers take turns.</summary>
public sealed class LocalScorer : IDisposable
{
    private readonly ChatScorer scorer;
    private readonly LocalOptions options;
    private readonly ModelGate gate = new();

    /// <summary>Wraps a scorer, whose model it owns from now on.</summary>
    public LocalScorer(ChatScorer scorer, LocalOptions? options = null) => (this.scorer, this.options) = (scorer, options ?? new());

    /// <summary>How many numbers an answer gets: 1 from a reward or cost model.</summary>
    public int Outputs => scorer.Model.Head.Outputs;

    /// <summary>Opens a checkpoint's folder, or an adapter's with a head in it.</summary>
    /// <exception cref="InvalidInputException">A part is missing or malformed.</exception>
    public static LocalScorer Load(string folder, LocalOptions? options = null)
    {
        (ScoreModel model, ModelProcessor processor) = LocalCheckpoint.OpenScores(folder, options);
        return new(new ChatScorer(model, processor), options);
    }

    /// <summary>Scores of answers, in order; every request has one.</summary>
    /// <exception cref="ArgumentException">A request has no answer.</exception>
    /// <exception cref="InvalidInputException">An image cannot be decoded.</exception>
    public async Task<IReadOnlyList<float[]>> ScoreAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken = default)
    {
        if (requests.Any(request => request.Response is null)) throw new ArgumentException("A request without an answer cannot be scored.", nameof(requests));
        List<float[]> scores = [];
        foreach (ModerationRequest[] pass in requests.Chunk(options.BatchSize))
        {
            EncodedPrompt[] prompts = await Task.Run(
                () => pass.Select(request => scorer.Processor.EncodePrompt([ChatTurn.User(request.Question, request.Images.Select(Images.Of))])).ToArray(),
                cancellationToken).ConfigureAwait(false);
            scores.AddRange(await gate.RunAsync(() => scorer.Score(prompts, [.. pass.Select(request => request.Response!)], cancellationToken),
                cancellationToken).ConfigureAwait(false));
        }
        return scores;
    }

    /// <summary>Waits for the pass under way and frees the model.</summary>
    public void Dispose()
    {
        gate.Dispose();
        scorer.Model.Dispose();
    }
}
