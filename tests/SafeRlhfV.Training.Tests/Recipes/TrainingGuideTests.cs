using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

public sealed class TrainingGuideTests
{
    [Fact]
    public void TheGuideNamesEveryKeyWithItsDefaultAndItsValuesAndNoOther()
    {
        string guide = File.ReadAllText(Path.Combine(Golden.RepositoryRoot(), "docs", "training.md"));
        (string Heading, string[] Rows)[] tables =
            [.. guide[guide.IndexOf("## All keys", StringComparison.Ordinal)..].Split("\n### ").Skip(1).Select(text => text.Split('\n'))
                .Select(lines => (lines[0], lines.Where(line => line.StartsWith("| `", StringComparison.Ordinal)).ToArray()))];
        HashSet<string> met = [];
        SortedSet<string> wrong = [];
        foreach (TrainerDefinition trainer in Trainers.All)
            foreach ((string section, string key, string? value, string allowed, _) in RecipeKeys.Of(trainer))
            {
                string expected = value is null ? "–" : $"`{value}`";
                string? row = tables.Where(table => table.Heading.Contains($"`{section}`", StringComparison.Ordinal) && IsFor(table.Heading, trainer.Name))
                    .SelectMany(table => table.Rows)
                    .FirstOrDefault(row => row.StartsWith($"| `{key}` |", StringComparison.Ordinal)
                        && row.Split('|')[2].Contains(expected, StringComparison.Ordinal));
                Assert.True(row is not null, $"docs/training.md lacks {section}.{key} of {trainer.Name} with the default {expected}");
                met.Add(row!);
                if (row!.Split('|')[3].Trim() != allowed) wrong.Add($"{section}.{key}: {allowed}");
            }
        Assert.True(wrong.Count == 0, "values that docs/training.md should name:\n" + string.Join('\n', wrong));
        Assert.Empty(tables.SelectMany(table => table.Rows).Except(met));
    }

    [Fact]
    public void TheGuideNamesEveryMetricAndNoOther()
    {
        string guide = File.ReadAllText(Path.Combine(Golden.RepositoryRoot(), "docs", "training.md"));
        int start = guide.IndexOf("### Metrics", StringComparison.Ordinal);
        string[] rows = [.. guide[start..guide.IndexOf("\n## ", start, StringComparison.Ordinal)].Split('\n')
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))];
        string[] expected =
        [
            .. Trainers.All.SelectMany(trainer => trainer.Metrics.Select(metric => (trainer.Name, Metric: metric)))
                .GroupBy(pair => pair.Metric, pair => pair.Name).Select(group =>
                $"| `{group.Key.Name}` | {group.Key.Label} | {(group.Key.Unit.Length == 0 ? "–" : group.Key.Unit)} | {Word(group.Key.Better)} | "
                    + $"{string.Join(", ", group)} |"),
        ];
        Assert.True(expected.SequenceEqual(rows), "the table of metrics in docs/training.md should be:\n" + string.Join('\n', expected));

        static string Word(Better better) => better switch { Better.Lower => "lower", Better.Higher => "higher", _ => "–" };
    }

    private static bool IsFor(string heading, string trainer) =>
        heading.EndsWith("of all but ppo and grpo", StringComparison.Ordinal)
            ? trainer is not ("ppo" or "grpo")
            : !Trainers.All.Any(other => heading.Contains($"` of {other.Name}", StringComparison.Ordinal))
                || heading.Contains($"` of {trainer}", StringComparison.Ordinal);
}
