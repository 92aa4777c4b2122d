using SafeRlhfV.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>Samples a round's responses: by the actor itself, or by inference servers.</summary>
/// <param name="actor">The policy that answers.</param>
/// <param name="settings">How.</param>
/// <param name="batcher">Puts prompts side by side.</param>
/// <param name="ranks">The ranks that sample together.</param>
/// <param name="rollouts">Samples in the actor's place, asked by rank 0; null = the actor itself does.</param>
internal sealed class EpisodeSampler(PolicyRole actor, RolloutSettings settings, SampleBatcher batcher, Ranks ranks, IRolloutSource? rollouts)
{
    /// <summary>Whether a round's responses are asked for and not there.</summary>
    public bool IsWaiting { get; private set; }

    /// <summary>The name of a draw's random streams; a row's place comes behind it.</summary>
    public static string StreamOf(long round, int draw) => draw == 0 ? $"rollout/{round}" : $"rollout/{round}.{draw}";

    /// <summary>Samples responses to each prompt: row = prompt × samples + sample. Row i of a draw takes its random numbers from its own stream.</summary>
    /// <param name="prompts">The prompts.</param>
    /// <param name="samples">Responses to each prompt; they share the prompt's pass.</param>
    /// <param name="round">Rounds done before this one.</param>
    /// <param name="draw">Draws of this round before this one.</param>
    /// <param name="cancellationToken">Stops between two tokens.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Episode[] Sample(IReadOnlyList<EncodedSample> prompts, int samples, long round, int draw, CancellationToken cancellationToken)
    {
        EncodedSample[] each = samples == 1 ? [.. prompts] : [.. prompts.SelectMany(prompt => Enumerable.Repeat(prompt, samples))];
        if (rollouts is not null)
        {
            IsWaiting = true;
            Episode[] received = RolloutExchange.Receive(ranks, rollouts, each, round, draw, cancellationToken);
            IsWaiting = false;
            return received;
        }
        GenerationSettings generation = new()
        {
            MaxNewTokens = settings.MaxNewTokens,
            Temperature = settings.Temperature,
            EosTokenIds = batcher.EosTokenIds,
            PadTokenId = batcher.PadTokenId,
            Samples = samples,
            LogProbs = true,
        };
        List<(int Row, Episode Episode)> own = [];
        bool stopped = false;
        int first = 0;
        EncodedSample[][] parts = [.. RolloutParts.Of(prompts, settings, RolloutParts.BytesOfRow(actor.Model), samples)];
        foreach (Share<EncodedSample> share in Shares.Of(parts, ranks))
        {
            try
            {
                if (share.IsOwn && !stopped) SamplePart(share.Items, first);
            }
            catch (OperationCanceledException) when (!ranks.IsAlone)
            {
                stopped = true; // the others must hear of it
            }
            first += share.Items.Count * samples;
        }
        if (!ranks.IsAlone && ranks.Any("stop of the round", stopped))
        {
            ranks.StopTogether();
            throw new OperationCanceledException(cancellationToken);
        }
        return EpisodeExchange.Sampled(ranks, each, own);

        void SamplePart(IReadOnlyList<EncodedSample> part, int firstRow)
        {
            using DisposeScope scope = NewDisposeScope();
            string name = StreamOf(round, draw);
            RandomStream[] streams = [.. Enumerable.Range(firstRow, part.Count * samples).Select(row => new RandomStream(settings.Seed, $"{name}/{row}"))];
            using GenerationResult result = actor.Generate(batcher.Collate(part), generation, streams, cancellationToken);
            float[][] logProbs = HostRows.Of(result.LogProbs_BT!, result.Lengths);
            ranks.Worked(part.Count * samples);
            for (int row = 0; row < logProbs.Length; row++)
                own.Add((firstRow + row, new Episode
                {
                    Sample = part[row / samples] with { Response = [.. result.Row(row)] },
                    Ended = result.Finishes[row] == FinishReason.EndToken,
                    LogProbs = logProbs[row],
                }));
        }
    }
}
