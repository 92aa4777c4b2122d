using SafeRlhfV.Guard;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Inference;

/// <summary>
/// A guard checkpoint on this machine as a moderator. Requests are encoded on all cores and judged in batches of like length; callers take turns.
/// Put it behind a <see cref="BatchingModerator"/> to have the requests of several callers judged together.
/// </summary>
public sealed class LocalModerator : IModerator, IDisposable
{
    private readonly ChatGuard guard;
    private readonly LocalOptions options;
    private readonly GuardThresholds prompts, answers;
    private readonly ModelGate gate = new();

    /// <summary>Wraps a guard, which it owns from now on.</summary>
    public LocalModerator(ChatGuard guard, LocalOptions? options = null)
    {
        (this.guard, this.options) = (guard, options ?? new());
        GuardCutoffs cutoffs = guard.Model.Config.Cutoffs;
        answers = new() { Unsafe = cutoffs.Answer, Category = cutoffs.Category, Categories = cutoffs.Categories };
        prompts = answers with { Unsafe = cutoffs.Prompt };
        Name = this.options.Name ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(guard.Processor.Folder));
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public bool Judges(GuardSide side) => side == GuardSide.Answer || Config.JudgesPrompts;

    /// <summary>Temperatures, cut-offs, and what it judges.</summary>
    public GuardConfig Config => guard.Model.Config;

    /// <summary>Opens a guard's folder.</summary>
    /// <exception cref="InvalidInputException">A part is missing or malformed.</exception>
    public static LocalModerator Load(string folder, LocalOptions? options = null)
    {
        options = (options ?? new()) with { Name = options?.Name ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))) };
        return new(LocalCheckpoint.OpenGuard(folder, options), options);
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidInputException">A text is too long, an image cannot be decoded, or a prompt alone is given to a guard of answers.</exception>
    public async Task<IReadOnlyList<Verdict>> ModerateAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<float[]> outputs = await OutputsAsync(requests, cancellationToken).ConfigureAwait(false);
        Verdict[] verdicts = new Verdict[requests.Count];
        for (int i = 0; i < verdicts.Length; i++)
        {
            GuardProbabilities found = GuardProbabilities.Of(outputs[i], Config.Temperatures);
            verdicts[i] = (requests[i].Side == GuardSide.Prompt ? prompts : answers).Judge(found.Unsafe, found.Categories, found.Severities, Name);
        }
        return verdicts;
    }

    /// <summary>The head's 25 raw numbers for each request, as calibration wants them.</summary>
    /// <exception cref="InvalidInputException">As for <see cref="ModerateAsync"/>.</exception>
    public async Task<IReadOnlyList<float[]>> OutputsAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken = default)
    {
        if (!Config.JudgesPrompts && requests.Any(request => request.Side == GuardSide.Prompt))
            throw new InvalidInputException($"{Name} was trained on answers alone and judges no prompts; give it an answer too, or let another moderator "
                + "judge prompts.");
        Encoded[] encoded = await Task.Run(() => EncodeAll(requests, cancellationToken), cancellationToken).ConfigureAwait(false);
        float[][] outputs = new float[requests.Count][];
        foreach (int[] pass in Passes(encoded))
        {
            IReadOnlyList<float[]> found = await gate.RunAsync(
                () => guard.Outputs([.. pass.Select(i => encoded[i].Prompt)], [.. pass.Select(i => encoded[i].Ids)], cancellationToken), cancellationToken)
                    .ConfigureAwait(false);
            for (int i = 0; i < pass.Length; i++) outputs[pass[i]] = found[i];
        }
        return outputs;
    }

    /// <summary>Waits for the pass under way and frees the guard.</summary>
    public void Dispose()
    {
        gate.Dispose();
        guard.Model.Dispose();
    }

    private Encoded[] EncodeAll(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken)
    {
        Encoded[] encoded = new Encoded[requests.Count];
        if (requests.Count == 1) encoded[0] = Encode(requests[0]);
        else AllCores.For(requests.Count, i => encoded[i] = Encode(requests[i]), cancellationToken);
        return encoded;
    }

    private Encoded Encode(ModerationRequest request)
    {
        EncodedPrompt prompt = guard.Processor.EncodePrompt([ChatTurn.User(request.Question, request.Images.Select(Images.Of))]);
        return new(prompt, guard.Encode(prompt, request.Response));
    }

    // texts of like length together, so that little is padding
    private IEnumerable<int[]> Passes(Encoded[] encoded)
    {
        List<int> pass = [];
        foreach (int i in Enumerable.Range(0, encoded.Length).OrderBy(i => encoded[i].Ids.Length))
        {
            if (pass.Count > 0 && (pass.Count == options.BatchSize || (pass.Count + 1) * encoded[i].Ids.Length > options.BatchTokens))
            {
                yield return [.. pass];
                pass.Clear();
            }
            pass.Add(i);
        }
        if (pass.Count > 0) yield return [.. pass];
    }

    private readonly record struct Encoded(EncodedPrompt Prompt, int[] Ids);
}
