using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Cli;

/// <summary>A benchmark of a command line with its files and the part of it that is wanted.</summary>
/// <param name="Benchmark">The benchmark.</param>
/// <param name="Data">Its files.</param>
/// <param name="Images">Its images where they lie apart.</param>
/// <param name="Subset">Only the smaller part.</param>
/// <param name="Wants">The splits and variants that are wanted.</param>
/// <param name="Splits">The same in words; null = the usual ones.</param>
/// <param name="Limit">At most this many items.</param>
/// <param name="Shard">The part of the items.</param>
/// <param name="Result">The result's folder.</param>
internal sealed record Suite(IBenchmark Benchmark, string Data, string? Images, bool Subset, Func<string, string?, bool> Wants, string? Splits, int? Limit,
    Shard Shard, string Result)
{
    /// <summary>The benchmark's folder in the result.</summary>
    public string Folder => Path.Combine(Result, Benchmark.Name);

    /// <summary>The file of this shard's answers.</summary>
    public string AnswerFile => Path.Combine(Folder, $"answers{Shard.Suffix}.jsonl");

    /// <summary>Opens the files anew.</summary>
    /// <exception cref="InvalidInputException">They are not there.</exception>
    public BenchmarkFiles Open(bool withoutImages = false) => new(Benchmark, Data, Images, Wants) { WithoutImages = withoutImages };

    /// <summary>The items that are wanted, in order. Two of one name are an error: their answers could not be told apart.</summary>
    public IEnumerable<BenchmarkItem> Read(BenchmarkFiles files)
    {
        HashSet<string> names = [];
        return Shard.Take(Benchmark.Read(files, Subset).Take(Limit ?? int.MaxValue).Select(item => names.Add(item.Id) ? item
            : throw new InvalidInputException($"{item.Record.Source.File}: row {item.Record.Source.Row} is the second item called {item.Id}; keep one.")));
    }

    /// <summary>How many items there are, without reading images; some may turn out not to be whole.</summary>
    public int Count() => Read(Open(withoutImages: true)).Count();
}
