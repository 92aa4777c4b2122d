namespace SafeRlhfV.Evaluation;

/// <summary>Scores a model's answers to a benchmark.</summary>
/// <param name="Benchmark">The benchmark.</param>
/// <param name="Items">Its items that were answered.</param>
/// <param name="Dropped">Items that its files do not hold whole.</param>
/// <param name="Answers">What the answers look like.</param>
/// <param name="Scorers">What each scorer found.</param>
/// <param name="Agreement">How far the scorers agree.</param>
/// <param name="ByItem">All that was found, item by item.</param>
public sealed record BenchmarkRun(IBenchmark Benchmark, int Items, IReadOnlyList<DroppedItem> Dropped, AnswerFigures Answers,
    IReadOnlyList<ScorerResult> Scorers, IReadOnlyList<ScorerAgreement> Agreement, IReadOnlyList<ResultItem> ByItem)
{
    private const int ItemsAtOnce = 32;

    /// <summary>Scores; what the journal holds is not asked again.</summary>
    /// <param name="benchmark">The benchmark.</param>
    /// <param name="files">Its files, which counted what is left out when the items were read.</param>
    /// <param name="items">Its items, read anew.</param>
    /// <param name="answers">The model's answers; an item without one is not scored.</param>
    /// <param name="other">Another model's answers to compare with; null for none.</param>
    /// <param name="scorers">The scorers.</param>
    /// <param name="journal">Keeps verdicts.</param>
    /// <param name="progress">Told how many items are scored.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="InvalidInputException">No item is answered, or a kept verdict is none of its scorer's.</exception>
    public static async Task<BenchmarkRun> ScoreAsync(IBenchmark benchmark, BenchmarkFiles files, IEnumerable<BenchmarkItem> items, AnswerSet answers,
        AnswerSet? other, IReadOnlyList<AnswerScorer> scorers, VerdictJournal journal, Action<int>? progress, CancellationToken cancellationToken)
    {
        Dictionary<AnswerScorer, (List<ScoredItem> Items, List<ItemVerdict> Verdicts)> found = scorers.ToDictionary(scorer => scorer,
            _ => ((List<ScoredItem>)[], (List<ItemVerdict>)[]));
        List<(bool?, IReadOnlyList<ModelAnswer>)> given = [];
        HashSet<string> harmful = [];
        List<ResultItem> byItem = [];
        foreach (BenchmarkItem[] chunk in items.Where(item => answers.Of(item).Count > 0).Chunk(ItemsAtOnce))
        {
            cancellationToken.ThrowIfCancellationRequested();
            Dictionary<string, List<ItemReading>> readings = chunk.ToDictionary(item => item.Id, _ => new List<ItemReading>());
            foreach (AnswerScorer scorer in scorers)
            {
                (BenchmarkItem Item, IReadOnlyList<ScoringTask> Tasks)[] asked = [.. chunk.Select(item =>
                    (item, scorer.Tasks(item, answers.Of(item), other?.Of(item) is [var first, ..] ? first : null))).Where(one => one.Item2.Count > 0)];
                Dictionary<string, ItemVerdict> errors = [];
                await scorer.ScoreAsync([.. asked.SelectMany(one => one.Tasks).Where(task => journal.Find(task) is null)], verdict =>
                {
                    journal.Keep(verdict);
                    if (verdict.Status == VerdictStatus.Error) lock (errors) errors[verdict.Key] = verdict;
                }, cancellationToken).ConfigureAwait(false);
                foreach ((BenchmarkItem item, IReadOnlyList<ScoringTask> tasks) in asked)
                {
                    ItemVerdict[] verdicts = [.. tasks.Select(task => journal.Find(task) ?? errors[task.Key])];
                    if (Array.Find(verdicts, verdict => !ReplyReading.Fits(scorer.Form, verdict.Reading)) is { } odd)
                        throw new InvalidInputException($"{files.Benchmark}: a kept verdict of {scorer.Name} says '{ErrorText.Cut(odd.Reading!)}' of "
                            + $"{item.Id}, which is none of its readings ({ReplyReading.Possible(scorer.Form)}); delete the result's verdicts*.jsonl and "
                            + "score again.");
                    ScoredItem settled = scorer.Settle(item, verdicts);
                    found[scorer].Items.Add(settled);
                    readings[item.Id].Add(new ItemReading(scorer.Name, scorer.Form, settled.Votes, verdicts));
                    found[scorer].Verdicts.AddRange(verdicts);
                }
            }
            byItem.AddRange(chunk.Select(item => new ResultItem(benchmark.Name, item.Id, item.QuestionText, item.IsHarmful, item.Facts,
                ResultItems.Digests(item.ShownImages), answers.Of(item), readings[item.Id], other?.Of(item) is [var against, ..] ? against : null)));
            given.AddRange(chunk.Select(item => (item.IsHarmful, answers.Of(item))));
            harmful.UnionWith(chunk.Where(item => item.IsHarmful == true).Select(item => item.Id));
            progress?.Invoke(given.Count);
        }
        if (given.Count == 0)
            throw new InvalidInputException($"{files.Folder}: none of its items is answered; run 'eval answers' on the same files, splits and limit.");
        ScorerResult[] results = [.. scorers.Where(scorer => found[scorer].Items.Count > 0).Select(scorer =>
            new ScorerResult(scorer, found[scorer].Items, found[scorer].Verdicts, scorer.Measure(benchmark, found[scorer].Items, found[scorer].Verdicts)))];
        return new BenchmarkRun(benchmark, given.Count, files.Dropped, AnswerFigures.Of(given), results, ScorerAgreement.Of(results, harmful),
            byItem);
    }
}
