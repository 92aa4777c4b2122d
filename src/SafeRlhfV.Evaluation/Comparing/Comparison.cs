namespace SafeRlhfV.Evaluation;

/// <summary>Any number of results, compared on the items that they have in common.</summary>
public sealed record Comparison
{
    /// <summary>The models, in the order in which they were named; differences are to the first.</summary>
    public required IReadOnlyList<ComparedModel> Models { get; init; }

    /// <summary>Win rates.</summary>
    public required IReadOnlyList<WinMatrix> Wins { get; init; }

    /// <summary>Helpfulness-harm planes.</summary>
    public required IReadOnlyList<ComparedPlane> Planes { get; init; }

    /// <summary>Figures, benchmark by benchmark.</summary>
    public required IReadOnlyList<BenchmarkComparison> Benchmarks { get; init; }

    /// <summary>Agreement of judge, guard and phrases.</summary>
    public required IReadOnlyList<ComparedAgreement> Agreement { get; init; }

    /// <summary>Agreement with people.</summary>
    public required IReadOnlyList<ComparedAgreement> People { get; init; }

    /// <summary>Items on which models differ.</summary>
    public required IReadOnlyList<DifferingItem> Gallery { get; init; }

    /// <summary>What could not be compared.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>Compares.</summary>
    /// <param name="results">Results of benchmarks.</param>
    /// <param name="judged">Results of pairwise judges.</param>
    /// <param name="people">What people said of the answers; null without.</param>
    /// <param name="gallery">At most this many items are shown.</param>
    /// <param name="least">At least this many results; of 1, also what one of them has alone is shown.</param>
    /// <exception cref="InvalidInputException">There is nothing to compare, two have one name, or a benchmark's results have no item in common.</exception>
    public static Comparison Of(IReadOnlyList<ComparedResult> results, IReadOnlyList<JudgeResult> judged, PeopleLabels? people, int gallery,
        int least = 2)
    {
        if (results.GroupBy(result => result.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new InvalidInputException($"{twice.Count()} results are called '{twice.Key}'; tell them apart with NAME=FOLDER.");
        if (results.Count < least && judged.Count == 0) throw new InvalidInputException("there is one result; name two or more to compare.");
        string[] names = [.. results.SelectMany(result => result.Benchmarks.Select(suite => suite.Name)).Distinct()];
        List<BenchmarkComparer> comparers = [];
        List<string> notes = [];
        foreach (string name in names)
        {
            (string, ComparedSuite)[] having = [.. results.Where(result => result.Benchmarks.Any(suite => suite.Name == name))
                .Select(result => (result.Name, result.Benchmarks.First(suite => suite.Name == name)))];
            if (having.Length >= least) comparers.Add(new BenchmarkComparer(having));
            else notes.Add($"{name}: only {having[0].Item1} has it; it is not compared");
        }
        if (comparers.Count == 0 && judged.Count == 0)
            throw new InvalidInputException($"{string.Join(" and ", results.Select(result => result.Name))} have no benchmark in common.");
        IReadOnlyList<WinMatrix> wins = WinMatrices.Of(comparers, results, judged);
        ComparedModel[] models = [.. results.Select(result => new ComparedModel(result.Name, ComparedModel.Shown(result.Model)))];
        return new Comparison
        {
            Models = [.. models, .. judged.SelectMany(result => (string[])[result.Candidate, result.Baseline]).Distinct()
                .Where(name => !models.Any(model => model.Name == name)).Select(name => new ComparedModel(name, ""))],
            Wins = wins,
            Planes = ComparedPlanes.Of(comparers, [.. results.Select(result => result.Name)], wins),
            Benchmarks = [.. comparers.Select(comparer => comparer.Compare())],
            Agreement = ComparedAgreement.OfScorers(comparers),
            People = people?.Compare(results, judged) ?? [],
            Gallery = ComparedGallery.Of(comparers, gallery),
            Notes = notes,
        };
    }
}
