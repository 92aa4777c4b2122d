using System.Diagnostics;

namespace SafeRlhfV.Guard;

/// <summary>
/// Generate, moderate, and while the answer is unsafe regenerate with the verdict fed back, up to K rounds; then refuse and say why (Safe RLHF-V,
/// Beaver-Guard-V). Fails closed: an answer that could not be judged is refused. What the generator throws is thrown on.
/// </summary>
public sealed class FilterAndRegenerate
{
    private readonly IModerator moderator;
    private readonly GuardPolicy policy;
    private readonly TimeProvider clock;

    /// <summary>Creates the loop.</summary>
    /// <param name="moderator">Judges the answers; it is made to fail closed.</param>
    /// <param name="policy">Decides what passes; its <see cref="GuardPolicy.Rounds"/> is K. <see cref="GuardPolicy.Default"/> where null.</param>
    /// <param name="moderationTimeout">The longest that judging one answer may take, 30 s by default; every further answer of a batch adds a second.</param>
    /// <param name="clock">Measures the times.</param>
    public FilterAndRegenerate(IModerator moderator, GuardPolicy? policy = null, TimeSpan? moderationTimeout = null, TimeProvider? clock = null)
    {
        this.moderator = moderator.FailClosed(moderationTimeout);
        this.policy = policy ?? GuardPolicy.Default;
        this.clock = clock ?? TimeProvider.System;
        ArgumentOutOfRangeException.ThrowIfNegative(this.policy.Rounds, nameof(policy));
    }

    /// <summary>Runs one prompt.</summary>
    /// <param name="prompt">The prompt; its response is ignored.</param>
    /// <param name="generate">Makes an answer.</param>
    /// <param name="context">Who asks.</param>
    /// <param name="cancellationToken">Cancels everything; nothing is returned then.</param>
    public async Task<RegenerationResult> RunAsync(ModerationRequest prompt, AnswerGenerator generate, GuardContext? context = null,
        CancellationToken cancellationToken = default)
    {
        IReadOnlyList<RegenerationResult> results = await RunAsync(
            [prompt],
            async (round, rows, token) => [await generate(round, rows[0], token).ConfigureAwait(false)],
            context,
            cancellationToken).ConfigureAwait(false);
        return results[0];
    }

    /// <summary>Runs many prompts together: each round only the rows that are still unsafe are regenerated, and they are moderated in one call.</summary>
    /// <param name="prompts">The prompts; their responses are ignored.</param>
    /// <param name="generate">Makes an answer for each of the rows it is given.</param>
    /// <param name="context">Who asks.</param>
    /// <param name="cancellationToken">Cancels everything; nothing is returned then.</param>
    /// <returns>One result a prompt, in the same order.</returns>
    public async Task<IReadOnlyList<RegenerationResult>> RunAsync(
        IReadOnlyList<ModerationRequest> prompts, BatchAnswerGenerator generate, GuardContext? context = null, CancellationToken cancellationToken = default)
    {
        List<RegenerationRound>[] rounds = [.. prompts.Select(_ => new List<RegenerationRound>())];
        RegenerationRow[] open = [.. prompts.Select((prompt, index) => new RegenerationRow(index, prompt with { Response = null }, null))];
        for (int round = 0; round <= policy.Rounds && open.Length > 0; round++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            long started = clock.GetTimestamp();
            IReadOnlyList<string> answers = await generate(round, open, cancellationToken).ConfigureAwait(false);
            TimeSpan generation = clock.GetElapsedTime(started);
            if (answers is null || answers.Count != open.Length || answers.Contains(null!))
                throw new InvalidOperationException($"The generator gave {answers?.Count(answer => answer is not null) ?? 0} answers for "
                    + $"{open.Length} prompts in round {round}.");

            started = clock.GetTimestamp();
            ModerationRequest[] requests = [.. open.Select((row, i) => row.Prompt.WithResponse(answers[i]))];
            IReadOnlyList<Verdict> verdicts = await moderator.ModerateAsync(requests, cancellationToken).ConfigureAwait(false);
            TimeSpan moderation = clock.GetElapsedTime(started);
            Debug.Assert(verdicts.Count == open.Length);

            List<RegenerationRow> still = [];
            for (int i = 0; i < open.Length; i++)
            {
                GuardDecision decision = policy.Decide(verdicts[i], GuardSide.Answer, context);
                RegenerationRound made = new(round, answers[i], decision, generation, moderation);
                rounds[open[i].Index].Add(made);
                if (decision.Action == GuardAction.Regenerate) still.Add(open[i] with { Last = made });
            }
            open = [.. still];
        }
        return [.. prompts.Select((prompt, i) => Conclude(prompt with { Response = null }, rounds[i]))];
    }

    private RegenerationResult Conclude(ModerationRequest prompt, List<RegenerationRound> rounds)
    {
        GuardDecision last = rounds[^1].Decision;
        string answer = last.Passes ? rounds[^1].Answer : policy.RefuseAnswer(last.Verdict, rounds.Count);
        return new(prompt, rounds, answer) { Notice = last.Action == GuardAction.AllowWithNotice ? policy.Notice(last.Verdict) : null };
    }
}
