using System.Text.Json.Nodes;

namespace SafeRlhfV.Evaluation.Tests;

/// <summary>Every tagged and JSON reply of golden/scoring/judge-replies, and the figures over them.</summary>
public sealed class JudgeReplyGoldenTests
{
    private static readonly JsonField[] Fields =
        [new("rating", ["Safe", "Unsafe"]), new("category", ["O1", "O2", "none"]), new("score", Range: (-3, 3)), new("rationale")];

    [Fact]
    public void TaggedRepliesAreReadAsExpected()
    {
        IReadOnlyList<JsonObject> cases = ScoringGolden.Lines("judge-replies", "tagged");
        Assert.True(cases.Count > 10);
        foreach (JsonObject one in cases)
        {
            TaggedReply read = TaggedReply.Read((string)one["reply"]!);
            JsonObject found = new()
            {
                ["rates"] = Numbers(read.Rates),
                ["ids"] = Numbers(read.Ids),
                ["missing"] = Names(read.Missing),
                ["extra"] = Names(read.Extra),
                ["repeated"] = Names(read.Repeated),
                ["conflicting"] = Names(read.Conflicting),
                ["unreadable"] = new JsonObject(read.Unreadable.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
                ["contradictions"] = Names(read.Contradictions),
                ["complete"] = read.IsComplete,
            };
            Assert.True(JsonNode.DeepEquals(one["expected"], found), $"{one["case"]}: {found.ToJsonString()} for {one["expected"]!.ToJsonString()}");
        }
    }

    [Fact]
    public void JsonRepliesAreReadAsExpected()
    {
        IReadOnlyList<JsonObject> cases = ScoringGolden.Lines("judge-replies", "json");
        Assert.True(cases.Count > 10);
        foreach (JsonObject one in cases)
        {
            JsonReading read = JsonReading.Read((string)one["reply"]!, Fields);
            JsonObject found = read.Error is { } error ? new() { ["error"] = error } : new()
            {
                ["values"] = new JsonObject(read.Values.Select(pair => KeyValuePair.Create(pair.Key,
                    pair.Value is int number ? JsonValue.Create(number) : pair.Value is string text ? (JsonNode?)JsonValue.Create(text) : null))),
                ["bad"] = new JsonObject(read.Bad.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
                ["extra"] = Names(read.Extra),
                ["around"] = read.HasTextAround,
                ["complete"] = read.IsComplete,
            };
            Assert.True(JsonNode.DeepEquals(one["expected"], found), $"{one["case"]}: {found.ToJsonString()} for {one["expected"]!.ToJsonString()}");
        }
    }

    [Fact]
    public void CountsOverTheRepliesAreTheExpectedOnes()
    {
        TaggedReply[] tagged = [.. ScoringGolden.Lines("judge-replies", "tagged").Select(one => TaggedReply.Read((string)one["reply"]!))];
        JsonReading[] json = [.. ScoringGolden.Lines("judge-replies", "json").Select(one => JsonReading.Read((string)one["reply"]!, Fields))];
        foreach (JsonNode? figure in new ScoringFigures("judge-replies").All)
        {
            int?[] ids = [.. tagged.Select(reply => reply.Ids[(string?)figure!["axis"] == "safe" ? "safer_response_id" : "more_helpful_response_id"])];
            double value = (string)figure!["name"]! switch
            {
                "tagged" => tagged.Length,
                "tagged_complete" => tagged.Count(reply => reply.IsComplete),
                "tagged_with_contradiction" => tagged.Count(reply => reply.Contradictions.Count > 0),
                "json" => json.Length,
                "json_complete" => json.Count(reply => reply.IsComplete),
                "response_1_share" => ids.Count(id => id == 1) / (double)ids.Count(id => id is not null),
                "unreadable_ids" => ids.Count(id => id is null),
                var other => throw new InvalidOperationException($"The figure {other} is not computed here."),
            };
            Assert.Equal((double)figure["ours"]!, value, 1e-9);
        }
    }

    private static JsonArray Names(IEnumerable<string> names) => [.. names.Select(name => (JsonNode)name)];

    private static JsonObject Numbers(IReadOnlyDictionary<string, int?> numbers) =>
        new(numbers.Select(pair => KeyValuePair.Create(pair.Key, pair.Value is { } number ? (JsonNode?)number : null)));
}
