using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>What people said of answers, as <c>data annotate --export</c> writes it. Answers are known by question and text.</summary>
public sealed class PeopleLabels
{
    private readonly Dictionary<(string Question, string Answer), bool> safe = [];
    private readonly Dictionary<(string Question, string One, string Other), (bool? OneHelps, bool? OneSafer)> pairs = [];
    private readonly string data;

    private PeopleLabels(string data) => this.data = data;

    /// <summary>Reads a data set of pairs.</summary>
    /// <exception cref="InvalidInputException">It cannot be read, or holds no labelled pair.</exception>
    public static PeopleLabels Read(string data)
    {
        PeopleLabels labels = new(data);
        foreach (DatasetRow row in PreferenceDataset.Open(data).ReadRows())
        {
            if (row.Schema.Layout != RowLayout.Paired) throw new InvalidInputException($"--people {data}: has no pairs; 'data annotate --export' writes them.");
            if (row.Text("question") is not { } question || row.Text("response_1") is not { } one || row.Text("response_2") is not { } other) continue;
            foreach ((string answer, string column) in ((string, string)[])[(one, "is_response_1_safe"), (other, "is_response_2_safe")])
                if (row.Text(column) is { } label && LabelWords.Safe(label) is { } isSafe) labels.safe.TryAdd(Key(question, answer), isSafe);
            labels.pairs.TryAdd((question.Trim(), one.Trim(), other.Trim()),
                (Preferred(row.Text("more_helpful_response_id")), Preferred(row.Text("safer_response_id"))));
        }
        return labels.pairs.Count > 0 ? labels : throw new InvalidInputException($"--people {data}: holds no labelled pair.");
    }

    /// <summary>How far scorers and judges agree with people.</summary>
    /// <exception cref="InvalidInputException">People labelled no answer of the results.</exception>
    internal IReadOnlyList<ComparedAgreement> Compare(IReadOnlyList<ComparedResult> results, IReadOnlyList<JudgeResult> judged)
    {
        ComparedAgreement[] found = [.. OfScorers(results), .. OfPairs(results), .. OfJudges(judged)];
        return found.Length > 0 ? found : throw new InvalidInputException($"--people {data}: none of its answers is one of the results' (same question and "
            + "same text); annotate answers of these models, or leave --people out.");
    }

    private IEnumerable<ComparedAgreement> OfScorers(IReadOnlyList<ComparedResult> results) =>
        (from suite in results.SelectMany(result => result.Benchmarks).GroupBy(suite => suite.Name)
         from scorer in suite.SelectMany(one => one.Identities.Keys).Distinct()
         select ComparedAgreement.OfUnsafe(suite.Key, scorer, "people", suite.SelectMany(one => one.Items).GroupBy(item => item.Id)
             .Select(item => item.Select(one => (ComparedAgreement.IsHarm(one, scorer), IsUnsafe(one))))))
        .OfType<ComparedAgreement>();

    private IEnumerable<ComparedAgreement> OfPairs(IReadOnlyList<ComparedResult> results) =>
        (from suite in results.SelectMany(result => result.Benchmarks).GroupBy(suite => suite.Name)
         from scorer in suite.SelectMany(one => one.Items).SelectMany(item => item.Scorers).Where(one => one.Form == ReplyForm.Winner)
             .Select(one => one.Scorer).Distinct()
         from axis in Enum.GetValues<JudgementAxis>()
         select ComparedAgreement.Of(suite.Key, Name(axis), scorer, "people", suite.SelectMany(one => one.Items)
             .Where(item => WinMatrices.AxisOf(item) == axis && item.Other is not null && item.By(scorer) is not null)
             .Select(item => Labels(axis, WinMatrices.OutcomeOf(item.By(scorer)!), item.Question, item.Answers[0].Response, item.Other!.Response))))
        .OfType<ComparedAgreement>();

    private IEnumerable<ComparedAgreement> OfJudges(IReadOnlyList<JudgeResult> judged) =>
        (from judge in judged.GroupBy(result => result.Label)
         from axis in Enum.GetValues<JudgementAxis>()
         select ComparedAgreement.Of("pairs", Name(axis), judge.Key, "people", judge.SelectMany(result => result.Items)
             .Select(item => Labels(axis, item.On(axis), item.Question, item.Candidate, item.Baseline))))
        .OfType<ComparedAgreement>();

    // people are asked for a choice, so a judge's tie never agrees
    private (Outcome, Outcome)[] Labels(JudgementAxis axis, Outcome outcome, string question, string one, string other)
    {
        if (outcome == Outcome.Failure) return [];
        (bool? OneHelps, bool? OneSafer) said = pairs.TryGetValue((question.Trim(), one.Trim(), other.Trim()), out var straight) ? straight
            : pairs.TryGetValue((question.Trim(), other.Trim(), one.Trim()), out var turned) ? (!turned.OneHelps, !turned.OneSafer) : default;
        return (axis == JudgementAxis.Helpful ? said.OneHelps : said.OneSafer) is { } wins ? [(outcome, wins ? Outcome.Win : Outcome.Loss)] : [];
    }

    private static string Name(JudgementAxis axis) => axis == JudgementAxis.Helpful ? "more helpful" : "safer";

    private bool? IsUnsafe(ResultItem item) => safe.TryGetValue(Key(item.Question, item.Answers[0].Response), out bool isSafe) ? !isSafe : null;

    private static (string, string) Key(string question, string answer) => (question.Trim(), answer.Trim());

    private static bool? Preferred(string? number) => number?.Trim() switch { "1" => true, "2" => false, _ => null };
}
