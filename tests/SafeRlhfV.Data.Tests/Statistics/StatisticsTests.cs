using System.Text.Json.Nodes;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Data.Tests;

public sealed class StatisticsTests
{
    [Fact]
    public void ThePairedSetHasItsStatisticsExactly()
    {
        JsonObject expected = JsonNode.Parse(File.ReadAllText(Golden.At("beavertails-v", "stats.json")))!.AsObject();
        JsonObject actual = DatasetStatistics.Describe(PreferenceDataset.Open(Golden.At("beavertails-v", "paired")));
        expected.Remove("definitions");
        actual.Remove("definitions");
        List<string> differences = [];
        Compare("", expected, JsonNode.Parse(actual.ToJsonString())!, differences);
        Assert.Empty(differences);
    }

    [Theory, MemberData(nameof(BeaverTailsCases.GoodFolders), MemberType = typeof(BeaverTailsCases))]
    public void EveryFolderIsDescribed(string folder)
    {
        PreferenceDataset data = PreferenceDataset.Open(Path.Combine(BeaverTailsCases.Root, folder));
        JsonObject stats = DatasetStatistics.Describe(data);
        Assert.Equal(data.CountRows(), stats["rows"]!["total"]!.GetValue<int>());
        Assert.Equal(data.CountRows(), stats["by_category"]!.AsObject().Sum(category => category.Value!["rows"]!.GetValue<int>()));
    }

    // Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", the worked examples B (binary, two observers) and C/D (four observers, missing data).
    [Fact]
    public void AlphaIsThatOfItsAuthorsExamples()
    {
        double[] a = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0], b = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0];
        Assert.Equal(0.095, Agreement.KrippendorffAlpha(a.Zip(b).Select(pair => (double[])[pair.First, pair.Second]), AgreementMetric.Nominal), 3);
        double n = double.NaN;
        double[][] observers =
        [
            [1, 2, 3, 3, 2, 1, 4, 1, 2, n, n, n],
            [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, n, 3],
            [n, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, n],
            [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, n],
        ];
        double[][] items = [.. Enumerable.Range(0, 12).Select(i => observers.Select(observer => observer[i]).Where(label => !double.IsNaN(label)).ToArray())];
        Assert.Equal(0.743, Agreement.KrippendorffAlpha(items, AgreementMetric.Nominal), 3);
        Assert.Equal(0.815, Agreement.KrippendorffAlpha(items, AgreementMetric.Ordinal), 3);
        Assert.Equal(0.849, Agreement.KrippendorffAlpha(items, AgreementMetric.Interval), 3);
    }

    [Fact]
    public void KappaIsObservedBeyondChance()
    {
        string[] first = [.. Enumerable.Repeat("yes", 25), .. Enumerable.Repeat("no", 25)];
        string[] second = [.. Enumerable.Repeat("yes", 20), .. Enumerable.Repeat("no", 5), .. Enumerable.Repeat("yes", 10), .. Enumerable.Repeat("no", 15)];
        Assert.Equal(0.4, Agreement.CohenKappa(first, second), 12);
        Assert.Equal(1, Agreement.CohenKappa(first, first), 12);
        Assert.True(double.IsNaN(Agreement.CohenKappa<string>([], [])));
    }

    private static void Compare(string path, JsonNode? expected, JsonNode? actual, List<string> differences)
    {
        switch (expected)
        {
            case JsonObject one when actual is JsonObject other:
                foreach (string key in one.Select(pair => pair.Key).Union(other.Select(pair => pair.Key)))
                    Compare($"{path}/{key}", one[key], other[key], differences);
                break;
            case JsonArray one when actual is JsonArray other && one.Count == other.Count:
                for (int i = 0; i < one.Count; i++) Compare($"{path}/{i}", one[i], other[i], differences);
                break;
            case JsonValue one when actual is JsonValue other && one.GetValueKind() == System.Text.Json.JsonValueKind.Number:
                if (one.GetValue<double>() != other.GetValue<double>()) differences.Add($"{path}: {one} is {other}");
                break;
            default:
                if (!JsonNode.DeepEquals(expected, actual)) differences.Add($"{path}: {expected?.ToJsonString()} is {actual?.ToJsonString()}");
                break;
        }
    }
}
