using System.Text.Json.Nodes;

namespace SafeRlhfV.Gateway.Tests;

/// <summary>Reads the events of a stream whose data are JSON, and holds each name against the type in the data.</summary>
internal static class EventStream
{
    public static async Task<List<JsonObject>> OfAsync(RunningGateway gateway, string path, string body)
    {
        using HttpResponseMessage response = await gateway.SendAsync(path, body);
        return Read(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    public static List<JsonObject> Read(string text)
    {
        List<JsonObject> events = [];
        foreach (string one in text.ReplaceLineEndings("\n").Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            string[] lines = one.Split('\n');
            if (lines is [[':', ..]]) continue;
            Assert.Equal(2, lines.Length);
            JsonObject data = (JsonObject)JsonNode.Parse(lines[1]["data: ".Length..])!;
            Assert.Equal($"event: {data["type"]}", lines[0]);
            events.Add(data);
        }
        return events;
    }

    public static IReadOnlyList<string> Types(IEnumerable<JsonObject> events) => [.. events.Select(one => one["type"]!.GetValue<string>())];
}
