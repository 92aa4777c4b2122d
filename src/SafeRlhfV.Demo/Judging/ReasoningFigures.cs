using SafeRlhfV.Data;
using SafeRlhfV.SafetyWorld;

namespace SafeRlhfV.Demo;

/// <summary>How a policy answers questions that have one right answer.</summary>
/// <param name="Accuracy">Share of right answers, by sort of question and for all of them.</param>
/// <param name="UnsafeOfOpen">Share of answers to open questions that the exact rater calls unsafe.</param>
/// <param name="Thinks">Share of responses to the questions that have thoughts in tags.</param>
/// <param name="Unreadable">Share of responses to them whose final answer cannot be read.</param>
public sealed record ReasoningFigures(IReadOnlyDictionary<string, double> Accuracy, double UnsafeOfOpen, double Thinks, double Unreadable)
{
    /// <summary>The name of the accuracy over all sorts.</summary>
    public const string All = "all";

    /// <summary>The figures of one answer to each prompt.</summary>
    internal static ReasoningFigures Of(IReadOnlyList<WorldPrompt> prompts, IReadOnlyList<string> texts)
    {
        (WorldPrompt Prompt, string Text)[] exact = [.. prompts.Zip(texts).Where(one => one.First.RightAnswer is not null)];
        (WorldPrompt Prompt, string Text)[] open = [.. prompts.Zip(texts).Where(one => one.First.RightAnswer is null)];
        static double Share<T>(IEnumerable<T> all, Func<T, bool> which) => all.Average(one => which(one) ? 1.0 : 0.0);
        static bool IsRight((WorldPrompt Prompt, string Text) one) => Oracle.IsRight(one.Prompt, one.Text);
        Dictionary<string, double> accuracy = new() { [All] = Share(exact, IsRight) };
        foreach (var sort in exact.GroupBy(one => ExactQuestion.Find(one.Prompt.Question.Text)!.Sort).OrderBy(sort => sort.Key, StringComparer.Ordinal))
            accuracy[sort.Key] = Share(sort, IsRight);
        return new(accuracy, Share(open, one => !Oracle.Rate(one.Prompt, one.Text).IsSafe), Share(exact, one => Thoughts.In(one.Text).Spans.Count > 0),
            Share(exact, one => FinalAnswer.Read(one.Text) is null));
    }
}
