using System.Security.Cryptography;

namespace SafeRlhfV.Evaluation;

/// <summary>Reads a model's answers, or has them read by a judge or a guard.</summary>
public abstract class AnswerScorer
{
    /// <summary>Its name, such as judge:safety or phrases:refusal@1.</summary>
    public abstract string Name { get; }

    /// <summary>Everything besides question and answer that could change a verdict: model, address, rubric, version, mode.</summary>
    public abstract string Identity { get; }

    /// <summary>How it reads.</summary>
    public abstract ReplyForm Form { get; }

    /// <summary>What it is asked for, item by item: one aspect, or several.</summary>
    protected virtual IReadOnlyList<string> Aspects => [ScoredItem.Only];

    /// <summary>How often it is asked the same.</summary>
    protected virtual int Votes => 1;

    /// <summary>Whether it compares with another model's answers.</summary>
    public virtual bool NeedsOther => false;

    /// <summary>Whether it reads the model's answers; else it looks at the question alone, once for each item.</summary>
    public virtual bool ReadsAnswers => true;

    /// <summary>Whether it says something of an item at all.</summary>
    public virtual bool Takes(BenchmarkItem item) => true;

    /// <summary>What is to be found out about an item.</summary>
    /// <param name="item">The item.</param>
    /// <param name="answers">The model's answers to it.</param>
    /// <param name="other">The other model's first answer; null where there is none.</param>
    public IReadOnlyList<ScoringTask> Tasks(BenchmarkItem item, IReadOnlyList<ModelAnswer> answers, ModelAnswer? other)
    {
        if (!Takes(item)) return [];
        string images = string.Concat(item.ShownImages.Select(image => image.Bytes is { } bytes ? Convert.ToHexString(SHA256.HashData(bytes)) : "-"));
        return
        [
            .. from answer in ReadsAnswers ? answers : answers.Take(1) from aspect in Aspects from vote in Enumerable.Range(0, Votes)
               select new ScoringTask(item, answer, NeedsOther ? other : null, aspect, vote, Hash(Identity, aspect, $"{vote}", $"{answer.Sample}",
                   item.Id, item.QuestionText, item.Record.Answer ?? "", images, ReadsAnswers ? answer.Judged : "",
                   NeedsOther ? other?.Judged ?? "" : "")),
        ];
    }

    /// <summary>Finds out, each task for itself.</summary>
    /// <param name="tasks">What.</param>
    /// <param name="keep">Takes each verdict as soon as it is there, perhaps on several threads.</param>
    /// <param name="cancellationToken">Stops asking.</param>
    /// <exception cref="ServiceException">A service cannot be used.</exception>
    public async Task ScoreAsync(IReadOnlyList<ScoringTask> tasks, Action<ItemVerdict> keep, CancellationToken cancellationToken)
    {
        List<ScoringTask> open = [];
        foreach (ScoringTask task in tasks)
            if (Beforehand(task) is { } verdict) keep(verdict);
            else open.Add(task);
        if (open.Count > 0) await AskAsync(open, keep, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>An item as figures see it.</summary>
    /// <param name="item">Its facts.</param>
    /// <param name="verdicts">What was found out about it.</param>
    public virtual ScoredItem Settle(BenchmarkItem item, IReadOnlyList<ItemVerdict> verdicts) => new(item.Id, item.Facts, Aspects.ToDictionary(aspect => aspect,
        aspect => (IReadOnlyList<string?>)[.. verdicts.Where(verdict => verdict.Aspect == aspect).GroupBy(verdict => verdict.Sample).OrderBy(group => group.Key)
            .Select(group => Majority.Of(group.Select(verdict => verdict.Reading)))]));

    /// <summary>The figures of what was found out: the benchmark's own, unless the scorer measures something else.</summary>
    /// <param name="benchmark">The benchmark.</param>
    /// <param name="items">What was read of every item.</param>
    /// <param name="verdicts">All verdicts.</param>
    public virtual IReadOnlyList<Figure> Measure(IBenchmark benchmark, IReadOnlyList<ScoredItem> items, IReadOnlyList<ItemVerdict> verdicts) =>
        benchmark.Measure(Form, items);

    /// <summary>Asks about answers that are there.</summary>
    protected abstract Task AskAsync(IReadOnlyList<ScoringTask> tasks, Action<ItemVerdict> keep, CancellationToken cancellationToken);

    /// <summary>What an empty answer is read as; null where it cannot be read.</summary>
    protected virtual string? ReadingOfEmpty => null;

    private ItemVerdict? Beforehand(ScoringTask task)
    {
        if (!ReadsAnswers) return null;
        if (task.Answer.Error is { } error) return task.Verdict(Name, VerdictStatus.Error, null, error);
        if (NeedsOther && task.Other is null) return task.Verdict(Name, VerdictStatus.Error, null, "the other model has no answer to it");
        if (task.Other?.Error is { } fault) return task.Verdict(Name, VerdictStatus.Error, null, $"the other model: {fault}");
        return string.IsNullOrWhiteSpace(task.Answer.Response) && !NeedsOther
            ? task.Verdict(Name, VerdictStatus.Empty, ReadingOfEmpty, "the answer is empty") : null;
    }

    private static string Hash(params IReadOnlyList<string> parts) => Convert.ToHexStringLower(SHA256.HashData(
        System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(parts)))[..32];
}
