using System.CommandLine;

namespace SafeRlhfV.Cli;

/// <summary>The options of <c>align</c> that name judges from outside: a model that judges, and benchmarks.</summary>
internal sealed class AlignJudges
{
    private readonly Option<string?> judge = new("--judge")
    {
        Description = "Win rates by a judge: a checkpoint's folder, or with --judge-model the address of an OpenAI-compatible service."
    };
    private readonly Option<string?> model = new("--judge-model") { Description = "The judge's name at the address that --judge gives." };
    private readonly Option<string?> key = new("--key-env") { Description = "The environment variable with the key of --judge's service." };
    private readonly Option<string?> suite =
        new Option<string?>("--suite") { Description = "Benchmarks for start and aligned model, as 'eval bench' takes them." }
            .CompletesEach(SuiteArguments.Names);
    private readonly Option<string?> files = new("--bench-data") { Description = "The folder with the benchmarks' files." };
    private readonly Option<string[]> split = new("--bench-split")
    {
        Description = "Only these splits or variants of the benchmarks; those that are usually reported where left out.",
        AllowMultipleArgumentsPerToken = true
    };

    public IEnumerable<Option> All => [judge, model, key, suite, files, split];

    /// <summary>The judge as <c>eval judge</c> and <c>eval bench</c> take it; empty = none.</summary>
    /// <exception cref="InvalidInputException">Options do not go together.</exception>
    public IReadOnlyList<string> Judge(ParseResult parsed)
    {
        (string? place, string? name, string? secret) = (parsed.GetValue(judge), parsed.GetValue(model), parsed.GetValue(key));
        bool isService = place is not null && place.Contains("://", StringComparison.Ordinal);
        if (place is null && (name ?? secret) is not null)
            throw new InvalidInputException($"{(name is null ? key.Name : model.Name)} goes with --judge.");
        if (isService != name is not null)
            throw new InvalidInputException(isService ? $"--judge {place}: an address needs the judge's name there: --judge-model NAME."
                : name is null ? "" : $"--judge-model {name}: --judge must be the address of a service, such as http://127.0.0.1:8000/v1.");
        if (place is null) return [];
        if (!isService) return secret is null ? ["--judge", place] : throw new InvalidInputException("--key-env goes with the address of a service.");
        _ = ChatChoice.Address("--judge", place);
        _ = ChatChoice.Key(secret);
        return ["--judge", name!, "--endpoint", place, .. secret is null ? [] : (string[])["--key-env", secret]];
    }

    /// <summary>The benchmarks as <c>eval bench</c> takes them; empty = none.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="result">Where the results will be.</param>
    /// <exception cref="InvalidInputException">
    /// Options do not go together, a benchmark or its files are not there, it has no item in the splits that are wanted, or nobody to score it.
    /// </exception>
    public IReadOnlyList<string> Benchmarks(ParseResult parsed, string result)
    {
        string[] splits = parsed.GetValue(split) ?? [];
        if (splits.Length > 0 && parsed.GetValue(suite) is null) throw new InvalidInputException($"{split.Name} goes with --suite.");
        string[] words = (parsed.GetValue(suite), parsed.GetValue(files)) switch
        {
            (null, null) => [],
            ({ } names, { } folder) => ["--suite", names, "--data", folder, .. splits.SelectMany(one => (string[])["--split", one])],
            _ => throw new InvalidInputException("--suite and --bench-data go together."),
        };
        if (words.Length > 0) EvalBenchVerb.Check([.. words, .. Judge(parsed), "--out", result]);
        return words;
    }
}
