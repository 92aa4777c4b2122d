using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;

namespace SafeRlhfV.Evaluation;

/// <summary>
/// A judge whose verdicts are on the disk as soon as they are given: what was paid for is not asked again after a stop. Replies that could not be read are not
/// kept. Several judges may share a journal: each is answered by its own verdicts alone.
/// </summary>
public sealed class JournaledJudge : IPairwiseJudge, IDisposable
{
    private readonly IPairwiseJudge judge;
    private readonly string identity;
    private readonly AppendOnlyJournal journal;
    private readonly ConcurrentDictionary<string, PairwiseVerdict> known = [];

    /// <summary>Opens or begins a journal.</summary>
    /// <param name="judge">Who is asked what the journal does not hold; not disposed.</param>
    /// <param name="identity">Who that is: everything that could change a verdict, such as model, address, rubric and mode. Verdicts of another identity are
    /// not used.</param>
    /// <param name="file">The journal, JSON lines.</param>
    /// <exception cref="InvalidInputException">The file is damaged or in use.</exception>
    public JournaledJudge(IPairwiseJudge judge, string identity, string file)
    {
        (this.judge, this.identity) = (judge, identity);
        journal = AppendOnlyJournal.Open<Line>(file, line => known[line.Question] = line.Verdict);
    }

    /// <inheritdoc/>
    public async Task<PairwiseVerdict?> JudgeAsync(PairwiseQuestion question, CancellationToken cancellationToken)
    {
        string key = Key(question);
        if (known.TryGetValue(key, out PairwiseVerdict? before)) return before;
        PairwiseVerdict? verdict = await judge.JudgeAsync(question, cancellationToken).ConfigureAwait(false);
        if (verdict is not null && known.TryAdd(key, verdict)) journal.Append(new Line(key, question.Id, verdict, identity));
        return verdict;
    }

    /// <inheritdoc/>
    public void Dispose() => journal.Dispose();

    // the same texts about another image are another question, and so are the same for another judge
    private string Key(PairwiseQuestion question) => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(
        (string[])[identity, question.Question, question.First, question.Second,
            question.Image?.Bytes is { } bytes ? Convert.ToHexString(SHA256.HashData(bytes)) : ""])));

    private sealed record Line(string Question, string Id, PairwiseVerdict Verdict, string? Judge = null);
}
