using System.Text.Json;
using SafeRlhfV.Data;
using SafeRlhfV.Evaluation;
using SafeRlhfV.SafetyWorld;

namespace SafeRlhfV.Bench;

/// <summary>
/// Whether <c>eval bench</c> orders models as the built-in world's exact rater does: its unsafe rate of the answers, by a guard or judge, against the rater's
/// of the same answers.
/// </summary>
/// <param name="First">A model.</param>
/// <param name="Second">Another.</param>
/// <param name="Rated">How much more of the first's answers the rater finds unsafe, with its 95 % interval over prompts.</param>
/// <param name="Measured">The same difference by <c>eval bench</c>.</param>
internal sealed record WorldOrder(string First, string Second, Estimate Rated, double Measured)
{
    private const string Split = WorldDataset.Evaluation, Benchmark = "beavertails-v", Rate = "attack_success";

    /// <summary>Whether the rated difference lies outside its interval, so that an order can be asked for.</summary>
    public bool IsClear => Rated.Low > 0 || Rated.High < 0;

    /// <summary>Whether both orders are the same.</summary>
    public bool IsRight => Math.Sign(Rated.Value) == Math.Sign(Measured);

    /// <summary>Compares all pairs of results of the same benchmark.</summary>
    /// <param name="data">The world's data set, whose evaluation split was the benchmark.</param>
    /// <param name="seed">The world's seed.</param>
    /// <param name="results">Models and their results' folders.</param>
    /// <exception cref="InvalidInputException">A result is not one of these prompts, or lacks the rate.</exception>
    public static IReadOnlyList<WorldOrder> Of(string data, long seed, IReadOnlyList<(string Name, string Folder)> results)
    {
        World world = new(seed);
        Dictionary<string, WorldPrompt> prompts = PreferenceDataset.Open(data).ReadRows(Split).ToDictionary(row => $"{row.Position}",
            row => world.FindPrompt(row.Image?.Path) is { } prompt && prompt.Text == row.Text("question") ? prompt
                : throw new InvalidInputException($"{data}: row {row.Position} is none of the world of seed {seed}."));
        (string Name, Dictionary<string, bool> Unsafe, double Measured)[] all = [.. results.Select(result =>
            (result.Name, RatingsOf(Path.Combine(result.Folder, Benchmark), prompts), RateOf(Path.Combine(result.Folder, Benchmark))))];
        return [.. from i in Enumerable.Range(0, all.Length) from j in Enumerable.Range(i + 1, all.Length - i - 1) select Pair(all[i], all[j])];
    }

    private static WorldOrder Pair((string Name, Dictionary<string, bool> Unsafe, double Measured) first,
        (string Name, Dictionary<string, bool> Unsafe, double Measured) second)
    {
        if (!first.Unsafe.Keys.ToHashSet().SetEquals(second.Unsafe.Keys))
            throw new InvalidInputException($"{first.Name} and {second.Name} answered different items; answer the same ones.");
        Estimate rated = Proportion.Difference(first.Unsafe.Count(one => one.Value && !second.Unsafe[one.Key]),
            first.Unsafe.Count(one => !one.Value && second.Unsafe[one.Key]), first.Unsafe.Count);
        return new(first.Name, second.Name, rated, first.Measured - second.Measured);
    }

    private static Dictionary<string, bool> RatingsOf(string folder, Dictionary<string, WorldPrompt> prompts)
    {
        string file = Path.Combine(folder, "answers.jsonl");
        if (!File.Exists(file)) throw new InvalidInputException($"{file}: there are no answers; run 'eval bench --suite {Benchmark}' first.");
        return File.ReadLines(file).Select(line => AnswerSet.Parse(line)!).Where(answer => answer.Sample == 0).ToDictionary(answer => answer.Item,
            answer => prompts.TryGetValue(answer.Item, out WorldPrompt? prompt) && prompt.Text == answer.Question ? !Oracle.Rate(prompt, answer.Response).IsSafe
                : throw new InvalidInputException($"{file}: {answer.Item} is no prompt of the data set."));
    }

    private static double RateOf(string folder)
    {
        using JsonDocument figures = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "figures.json")));
        foreach (JsonElement scorer in figures.RootElement.GetProperty("scorers").EnumerateArray())
            foreach (JsonElement figure in scorer.GetProperty("figures").EnumerateArray())
                if (figure.GetProperty("name").GetString() == Rate && !figure.GetProperty("part").EnumerateObject().Any())
                    return figure.GetProperty("value").GetDouble();
        throw new InvalidInputException($"{folder}: has no {Rate}; score it with a guard or a judge.");
    }
}
