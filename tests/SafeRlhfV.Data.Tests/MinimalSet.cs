using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Data.Tests;

/// <summary>JSON lines with only the columns that a trainer needs, as people write them, and images beside them.</summary>
internal static class MinimalSet
{
    public const int Rows = 12;

    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The columns that each trainer needs, by its name.</summary>
    public static IReadOnlyDictionary<string, string[]> Columns { get; } = new Dictionary<string, string[]>
    {
        ["sft"] = ["question", "image", "response"],
        ["dpo"] = ["question", "image", "response_1", "response_2", "more_helpful_response_id"],
        ["reward"] = ["question", "image", "response_1", "response_2", "more_helpful_response_id"],
        ["cost"] = ["question", "image", "response_1", "response_2", "safer_response_id", "is_response_1_safe", "is_response_2_safe"],
        ["scores"] = ["question", "image", "response_1", "response_2", "more_helpful_response_id", "safer_response_id", "is_response_1_safe",
            "is_response_2_safe"],
        ["guard"] = ["question", "image", "category", "response", "is_response_safe"],
        ["ppo"] = ["question", "image"],
        ["grpo"] = ["question", "image"],
    };

    public static IEnumerable<TheoryDataRow<string>> Trainers => Columns.Keys.Select(name => new TheoryDataRow<string>(name));

    /// <summary>Writes <c>rows.jsonl</c> with these columns, lines ended as Windows does, and the folder <c>images</c>.</summary>
    public static string Write(string folder, IReadOnlyCollection<string> columns)
    {
        Directory.CreateDirectory(Path.Combine(folder, "images"));
        byte[][] images = [.. PreferenceDataset.Open(Golden.At("beavertails-v", "paired")).ReadRows().Select(row => row.Image?.Bytes).OfType<byte[]>()
            .DistinctBy(Convert.ToHexString).Take(Rows)];
        List<string> lines = [];
        for (int i = 0; i < Rows; i++)
        {
            File.WriteAllBytes(Path.Combine(folder, "images", $"{i}.jpg"), images[i]);
            bool even = i % 2 == 0;
            JsonObject row = new()
            {
                ["question"] = $"What does image {i} show?",
                ["image"] = $"images/{i}.jpg",
                ["category"] = even ? "animal_abuse" : "Animal Abuse",
                ["response"] = $"Image {i} shows a small pattern.",
                ["is_response_safe"] = even ? true : "No",
                ["response_1"] = $"Image {i} shows a small pattern.",
                ["response_2"] = $"I cannot tell what image {i} shows.",
                ["more_helpful_response_id"] = even ? "1" : 2,
                ["safer_response_id"] = even ? 2 : "1",
                ["is_response_1_safe"] = even ? "Yes" : true,
                ["is_response_2_safe"] = even ? "yes" : "no",
            };
            foreach (string column in row.Select(pair => pair.Key).Except(columns).ToArray()) row.Remove(column);
            lines.Add(row.ToJsonString(Plain));
        }
        string file = Path.Combine(folder, "rows.jsonl");
        File.WriteAllText(file, string.Join("\r\n", lines) + "\r\n");
        return file;
    }
}
