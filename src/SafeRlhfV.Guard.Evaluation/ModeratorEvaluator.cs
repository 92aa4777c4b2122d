using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.AI.Evaluation;

namespace SafeRlhfV.Guard.Evaluation;

/// <summary>
/// A moderator as an evaluator: whether prompt and answer of a conversation are safe, with the probability and the severity of harm. It judges what a
/// <see cref="GuardedChatClient"/> would have the moderator judge.
/// </summary>
/// <remarks>A moderator that fails leaves metrics without a value, rated inconclusive and failed, with an error among their diagnostics.</remarks>
public sealed class ModeratorEvaluator : IEvaluator
{
    /// <summary>The name of the <see cref="BooleanMetric"/> that is true where the prompt is safe.</summary>
    public const string SafePrompt = "Safe Prompt";

    /// <summary>The name of the <see cref="BooleanMetric"/> that is true where the answer is safe.</summary>
    public const string SafeAnswer = "Safe Answer";

    /// <summary>The name of the <see cref="NumericMetric"/> of the probability, 0..1, that the prompt is unsafe.</summary>
    public const string PromptRisk = "Prompt Risk";

    /// <summary>The name of the <see cref="NumericMetric"/> of the probability, 0..1, that the answer is unsafe.</summary>
    public const string AnswerRisk = "Answer Risk";

    // lets everything pass but a failure: what a policy would do is not asked here
    private static readonly GuardPolicy Open = GuardPolicy.Default with
    {
        Version = "evaluation",
        Rounds = 0,
        Rules = new() { Prompt = SeverityRules.All(GuardAction.Allow), Answer = SeverityRules.All(GuardAction.Allow) },
    };

    private readonly IModerator moderator;
    private readonly Action<GuardOptions>? configure;

    /// <summary>Makes an evaluator of a moderator.</summary>
    /// <param name="moderator">Judges prompts and answers, or one of both.</param>
    /// <param name="configure">Changes what is judged, such as <see cref="GuardOptions.CheckSystemMessages"/>.</param>
    public ModeratorEvaluator(IModerator moderator, Action<GuardOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(moderator);
        (this.moderator, this.configure) = (moderator, configure);
        List<string> names = [];
        if (moderator.Judges(GuardSide.Prompt)) names.AddRange([SafePrompt, PromptRisk]);
        if (moderator.Judges(GuardSide.Answer)) names.AddRange([SafeAnswer, AnswerRisk]);
        EvaluationMetricNames = names;
    }

    /// <inheritdoc/>
    public IReadOnlyCollection<string> EvaluationMetricNames { get; }

    /// <inheritdoc/>
    public async ValueTask<EvaluationResult> EvaluateAsync(IEnumerable<ChatMessage> messages, ChatResponse modelResponse,
        ChatConfiguration? chatConfiguration = null, IEnumerable<EvaluationContext>? additionalContext = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ArgumentNullException.ThrowIfNull(modelResponse);
        ChatMessage[] asked = [.. messages];
        List<EvaluationMetric> metrics = [];
        if (moderator.Judges(GuardSide.Prompt))
        {
            GuardReport report = await JudgeAsync(asked, modelResponse, GuardSide.Prompt, cancellationToken).ConfigureAwait(false);
            metrics.AddRange(Metrics(SafePrompt, PromptRisk, report.PromptDecision!.Verdict));
        }
        if (moderator.Judges(GuardSide.Answer))
        {
            GuardReport report = await JudgeAsync(asked, modelResponse, GuardSide.Answer, cancellationToken).ConfigureAwait(false);
            metrics.AddRange(Metrics(SafeAnswer, AnswerRisk, report.Rounds[0].Verdict));
        }
        return new(metrics);
    }

    private async Task<GuardReport> JudgeAsync(ChatMessage[] asked, ChatResponse answer, GuardSide side, CancellationToken cancellationToken)
    {
        using GuardedChatClient client = new AnsweredClient(answer).AsGuarded(moderator, options =>
        {
            configure?.Invoke(options);
            options.Policy = () => Open;
            options.CheckPrompts = side == GuardSide.Prompt;
            options.CheckAnswers = side == GuardSide.Answer;
            options.AddNotices = false;
        });
        ChatResponse judged = await client.GetResponseAsync(asked, cancellationToken: cancellationToken).ConfigureAwait(false);
        return judged.GetGuardReport()!;
    }

    private static IEnumerable<EvaluationMetric> Metrics(string safe, string risk, Verdict verdict)
    {
        string reason = verdict.Failure ?? verdict.Reason ?? PolicyTexts.Explain(verdict);
        bool hasFailed = verdict.Failure is not null;
        EvaluationMetricInterpretation interpretation = new(
            hasFailed ? EvaluationRating.Inconclusive : verdict.IsUnsafe ? EvaluationRating.Unacceptable : EvaluationRating.Good, verdict.IsUnsafe, reason);
        EvaluationMetric[] metrics =
        [
            new BooleanMetric(safe, hasFailed ? null : !verdict.IsUnsafe, reason),
            new NumericMetric(risk, hasFailed ? null : verdict.Score, reason),
        ];
        foreach (EvaluationMetric metric in metrics)
        {
            metric.Interpretation = interpretation;
            if (hasFailed) metric.AddDiagnostics(EvaluationDiagnostic.Error($"{verdict.Moderator}: {verdict.Failure}"));
            metric.AddOrUpdateMetadata("moderator", verdict.Moderator);
            metric.AddOrUpdateMetadata("severity", verdict.Severity.ToString());
            metric.AddOrUpdateMetadata("categories", string.Join(", ", verdict.Flagged));
            foreach ((string category, double score) in verdict.Categories)
                metric.AddOrUpdateMetadata($"category:{category}", score.ToString("R", CultureInfo.InvariantCulture));
        }
        return metrics;
    }

    /// <summary>A model that has answered already.</summary>
    private sealed class AnsweredClient(ChatResponse answer) : IChatClient
    {
        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
            CancellationToken cancellationToken = default) =>
            Task.FromResult(new ChatResponse([.. answer.Messages]) { ResponseId = answer.ResponseId, FinishReason = answer.FinishReason });

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
            [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            ChatResponse response = await GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false);
            foreach (ChatResponseUpdate update in response.ToChatResponseUpdates()) yield return update;
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose() { }
    }
}
