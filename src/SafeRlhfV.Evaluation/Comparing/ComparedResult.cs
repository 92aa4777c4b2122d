using System.Text.Json;
using System.Text.Json.Nodes;

namespace SafeRlhfV.Evaluation;

/// <summary>A result of <c>eval bench</c> or <c>eval score</c>: one model's figures and items, benchmark by benchmark.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Model">Who answered.</param>
/// <param name="Folder">Where it lies.</param>
/// <param name="Benchmarks">The benchmarks.</param>
public sealed record ComparedResult(string Name, string Model, string Folder, IReadOnlyList<ComparedSuite> Benchmarks)
{
    private const string FiguresName = "figures.json", ItemsName = "items.jsonl";

    /// <summary>Reads a result.</summary>
    /// <param name="name">What to call it.</param>
    /// <param name="folder">Its folder, as --out named it.</param>
    /// <param name="wanted">Which benchmarks; null for all.</param>
    /// <exception cref="InvalidInputException">It is none, a benchmark's items are missing, or its models differ.</exception>
    public static ComparedResult Read(string name, string folder, IReadOnlyCollection<string>? wanted = null)
    {
        if (!Directory.Exists(folder))
            throw new InvalidInputException($"{folder}: there is no such folder; name a result of 'eval bench' or 'eval judge --out'.");
        string[] places = [.. Directory.EnumerateDirectories(folder).Where(place => Directory.EnumerateFiles(place, "figures*.json").Any())
            .Where(place => wanted?.Contains(Path.GetFileName(place)) != false).Order(StringComparer.Ordinal)];
        if (places.Length == 0)
            throw new InvalidInputException($"{folder}: holds no scored benchmark{(wanted is null ? "" : $" of {string.Join(", ", wanted)}")}; 'eval bench' "
                + "and 'eval score' write figures.json in a folder a benchmark below --out.");
        (string Model, ComparedSuite Suite)[] read = [.. places.Select(Read)];
        if (read.Select(one => one.Model).Distinct().Count() > 1)
            throw new InvalidInputException($"{folder}: its benchmarks were answered by different models ({string.Join(", ", read.Select(one =>
                $"{one.Suite.Name} by {one.Model}"))}); keep one result a model.");
        return new ComparedResult(name, read[0].Model, Path.GetFullPath(folder), [.. read.Select(one => one.Suite)]);
    }

    private static (string, ComparedSuite) Read(string place)
    {
        string figures = Path.Combine(place, FiguresName), items = Path.Combine(place, ItemsName);
        if (!File.Exists(figures)) throw new InvalidInputException($"{place}: only shards are scored; run 'eval score' without --shard to put them together.");
        if (!File.Exists(items)) throw new InvalidInputException($"{place}: lacks {ItemsName}; run 'eval score' again, which asks nothing twice.");
        try
        {
            JsonNode document = JsonNode.Parse(DiskErrors.Reading(figures, () => File.ReadAllText(figures)))!;
            string benchmark = (string)document["benchmark"]!;
            return ((string)document["model"]!, new ComparedSuite(BenchmarkList.All.Find(benchmark)
                ?? throw new InvalidInputException($"{figures}: there is no benchmark '{benchmark}'; its result is of another version."),
                (string)document["data"]!, (string?)document["settings"]?["images"], (bool?)document["settings"]?["subset"] ?? false,
                (string?)document["baseline"], document["scorers"]!.AsArray().ToDictionary(scorer => (string)scorer!["scorer"]!,
                    scorer => (string)scorer!["identity"]!), ResultItems.Read(items)));
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or NullReferenceException or ArgumentException)
        {
            throw new InvalidInputException($"{figures}: is no result of 'eval score' ({ErrorText.FirstLine(error).TrimEnd('.')}); score again.", error);
        }
    }
}
