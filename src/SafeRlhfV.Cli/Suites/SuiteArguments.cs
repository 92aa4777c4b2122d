using System.CommandLine;
using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Cli;

/// <summary>The options that say which benchmarks are worked on, and where their files and the result are.</summary>
internal sealed class SuiteArguments
{
    private readonly Option<string?> suite =
        new Option<string?>("--suite") { Description = "Benchmarks by name, with commas; 'eval bench --list' names them." }.CompletesEach(Names);
    private readonly Option<string[]> data = new("--data")
    {
        Description = "A benchmark's folder or file; of several benchmarks, the folder that holds one folder each by its name, or NAME=FOLDER several times.",
        AllowMultipleArgumentsPerToken = true
    };
    private readonly Option<string?> images = new("--images") { Description = "The folder that images' paths are relative to, where they lie apart." };
    private readonly Option<string?> result = new("--out") { Description = "The result's folder: answers, verdicts and figures, a folder a benchmark." };
    private readonly Option<string[]> split = new("--split")
    {
        Description = "Only these splits or variants; those that are usually reported where left out.",
        AllowMultipleArgumentsPerToken = true
    };
    private readonly Option<bool> all = new("--all-splits") { Description = "Also splits and variants that are not usually reported." };
    private readonly Option<bool> subset =
        new("--subset") { Description = "Only the smaller part that was released with the benchmark, such as its tiny list." };
    private readonly Option<int?> limit = new("--limit") { Description = "At most this many items of each benchmark." };
    private readonly Option<string?> shard = new("--shard") { Description = "Work on one part of several, such as 2/4; 'eval score' puts them together." };

    /// <summary>The benchmarks' names.</summary>
    public static IEnumerable<string> Names => BenchmarkList.All.Select(benchmark => benchmark.Name);

    public IEnumerable<Option> All => [suite, data, images, result, split, all, subset, limit, shard];

    /// <summary>The benchmarks.</summary>
    /// <exception cref="InvalidInputException">An option is missing or wrong, or a benchmark's folder is not there.</exception>
    public IReadOnlyList<Suite> Read(ParseResult parsed)
    {
        string names = parsed.GetValue(suite) ?? throw new InvalidInputException("name benchmarks with --suite; 'eval bench --list' shows them.");
        IReadOnlyList<IBenchmark> benchmarks = BenchmarkList.Named(names);
        if (benchmarks.Count == 0) throw new InvalidInputException("--suite is empty; 'eval bench --list' shows the benchmarks.");
        string[] places = parsed.GetValue(data) is { Length: > 0 } given ? given
            : throw new InvalidInputException("say where the benchmark's files are with --data.");
        string folder = parsed.GetValue(result) ?? throw new InvalidInputException("say where the result goes with --out.");
        if (File.Exists(folder)) throw new InvalidInputException($"--out {folder}: is a file; name a folder.");
        if (parsed.GetValue(limit) < 1) throw new InvalidInputException($"--limit {parsed.GetValue(limit)}: give 1 or more.");
        string[] splits = parsed.GetValue(split) ?? [];
        if (splits.Length > 0 && parsed.GetValue(all)) throw new InvalidInputException("--split and --all-splits do not go together.");
        Shard part = Shard.Read(parsed.GetValue(shard));
        return [.. benchmarks.Select(benchmark =>
        {
            if (parsed.GetValue(subset) && benchmark.Subset is null)
                throw new InvalidInputException($"--subset: {benchmark.Name} was released without a smaller part; use --limit.");
            Func<string, string?, bool> wants = splits.Length > 0 ? (name, variant) => splits.Contains(name) || variant is not null && splits.Contains(variant)
                : parsed.GetValue(all) ? (_, _) => true : benchmark.IsUsual;
            return new Suite(benchmark, Place(benchmark.Name, places, benchmarks.Count), parsed.GetValue(images), parsed.GetValue(subset), wants,
                splits.Length > 0 ? string.Join(',', splits.Order(StringComparer.Ordinal)) : parsed.GetValue(all) ? "all" : null, parsed.GetValue(limit), part,
                folder);
        })];
    }

    private static string Place(string name, string[] places, int benchmarks)
    {
        if (places.FirstOrDefault(place => place.StartsWith($"{name}=", StringComparison.Ordinal)) is { } own) return own[(name.Length + 1)..];
        string[] common = [.. places.Where(place => !BenchmarkList.All.Any(benchmark => place.StartsWith($"{benchmark.Name}=", StringComparison.Ordinal)))];
        if (common is not [var folder])
            throw new InvalidInputException($"--data says nothing of {name}; give one folder for all, or {name}=FOLDER.");
        string below = Path.Combine(folder, name);
        if (Directory.Exists(below)) return below;
        return benchmarks == 1 ? folder
            : throw new InvalidInputException($"{below}: there is no such folder; of several benchmarks --data holds one each, or give "
            + $"{name}=FOLDER.");
    }
}
