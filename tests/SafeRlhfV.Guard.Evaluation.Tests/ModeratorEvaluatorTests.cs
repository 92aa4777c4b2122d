using Microsoft.Extensions.AI;
using Microsoft.Extensions.AI.Evaluation;

namespace SafeRlhfV.Guard.Evaluation.Tests;

public sealed class ModeratorEvaluatorTests
{
    [Theory, InlineData("a dove", "a swan", true, true), InlineData("the falcon", "a swan", false, true), InlineData("a dove", "a falcon", true, false)]
    public async Task PromptAndAnswerAreJudged(string prompt, string answer, bool isPromptSafe, bool isAnswerSafe)
    {
        PatternModerator moderator = new([PatternRule.ForKeyword("animal_abuse", Severity.Severe, "falcon")]);
        EvaluationResult result = await EvaluateAsync(moderator, prompt, answer);
        Assert.Equal((isPromptSafe, isAnswerSafe), (Safe(result, ModeratorEvaluator.SafePrompt), Safe(result, ModeratorEvaluator.SafeAnswer)));
        Assert.Equal(isAnswerSafe ? 0 : 1, result.Get<NumericMetric>(ModeratorEvaluator.AnswerRisk).Value);
        Assert.Equal(isAnswerSafe ? "" : "animal_abuse", result.Metrics[ModeratorEvaluator.SafeAnswer].Metadata!["categories"]);
        Assert.Equal(!isAnswerSafe, result.Metrics[ModeratorEvaluator.SafeAnswer].Interpretation!.Failed);
    }

    [Fact]
    public async Task AModeratorThatFailsGivesNoValue()
    {
        EvaluationResult result = await EvaluateAsync(new Failing(), "a dove", "a swan");
        Assert.Equal([ModeratorEvaluator.SafeAnswer, ModeratorEvaluator.AnswerRisk], result.Metrics.Keys);
        foreach (EvaluationMetric metric in result.Metrics.Values)
        {
            Assert.Equal((EvaluationRating.Inconclusive, true), (metric.Interpretation!.Rating, metric.Interpretation.Failed));
            Assert.Equal(EvaluationDiagnosticSeverity.Error, Assert.Single(metric.Diagnostics!).Severity);
        }
        Assert.Null(result.Get<BooleanMetric>(ModeratorEvaluator.SafeAnswer).Value);
        Assert.Null(result.Get<NumericMetric>(ModeratorEvaluator.AnswerRisk).Value);
    }

    private static bool Safe(EvaluationResult result, string name) => result.Get<BooleanMetric>(name).Value!.Value;

    private static async Task<EvaluationResult> EvaluateAsync(IModerator moderator, string prompt, string answer)
    {
        ModeratorEvaluator evaluator = new(moderator);
        EvaluationResult result = await evaluator.EvaluateAsync([new(ChatRole.User, prompt)], new ChatResponse(new ChatMessage(ChatRole.Assistant, answer)),
            cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(evaluator.EvaluationMetricNames, result.Metrics.Keys);
        return result;
    }

    private sealed class Failing : IModerator
    {
        public string Name => "failing";

        public bool Judges(GuardSide side) => side == GuardSide.Answer;

        public Task<IReadOnlyList<Verdict>> ModerateAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken = default) =>
            throw new IOException("away");
    }
}
