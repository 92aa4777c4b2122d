using System.Text.Json.Nodes;

namespace SafeRlhfV.Gateway.Tests;

/// <summary>Puts the events of a Responses stream together as the official clients do, and holds their order and numbers.</summary>
internal static class ResponseState
{
    /// <summary>The response as its last event tells it, which must be what the events before had told.</summary>
    public static JsonObject Gathered(IReadOnlyList<JsonObject> events)
    {
        Assert.Equal(Enumerable.Range(0, events.Count), events.Select(one => one["sequence_number"]!.GetValue<int>()));
        Assert.Equal(["response.created", "response.in_progress"], EventStream.Types(events.Take(2)));
        JsonArray output = [];
        HashSet<int> ended = [];
        foreach (JsonObject one in events.Skip(2).SkipLast(1))
        {
            string type = Of(one, "type");
            if (type == "response.in_progress")
            {
                Assert.Empty(output); // it would take away what there is
                continue;
            }
            int at = one["output_index"]!.GetValue<int>();
            if (type == "response.output_item.added")
            {
                Assert.Equal(output.Count, at);
                Assert.Equal("in_progress", Of(one["item"]!, "status"));
                output.Add(one["item"]!.DeepClone());
                continue;
            }
            Assert.True(at < output.Count, $"missing output at index {at}");
            Assert.DoesNotContain(at, ended);
            JsonNode item = output[at]!;
            if (type == "response.output_item.done")
            {
                ended.Add(at);
                JsonObject told = (JsonObject)one["item"]!.DeepClone();
                told["status"] = "in_progress";
                Assert.True(JsonNode.DeepEquals(item, told), $"{item} is not {told}");
                output[at] = one["item"]!.DeepClone();
                continue;
            }
            Assert.Equal(Of(item, "id"), Of(one, "item_id"));
            string[] name = type.Split('.');
            string list = type.Contains("summary", StringComparison.Ordinal) ? "summary" : "content";
            JsonArray? parts = item[list] as JsonArray;
            JsonNode? part = one[$"{list}_index"] is { } index && parts is not null ? parts.ElementAtOrDefault(index.GetValue<int>()) : null;
            switch (name[1], name[^1])
            {
                case ("content_part" or "reasoning_summary_part", "added"):
                    Assert.Equal(parts!.Count, one[$"{list}_index"]!.GetValue<int>());
                    parts.Add(one["part"]!.DeepClone());
                    break;
                case ("content_part" or "reasoning_summary_part", "done"):
                    Assert.Equal(Text(part!), Text(one["part"]!));
                    parts![one[$"{list}_index"]!.GetValue<int>()] = one["part"]!.DeepClone();
                    break;
                case ("function_call_arguments" or "custom_tool_call_input", "delta"):
                    string member = item["arguments"] is null ? "input" : "arguments";
                    item[member] = Of(item, member) + Of(one, "delta");
                    break;
                case ("function_call_arguments", "done"): Assert.Equal(Of(item, "arguments"), Of(one, "arguments")); break;
                case ("custom_tool_call_input", "done"): Assert.Equal(Of(item, "input"), Of(one, "input")); break;
                case ("output_text", "added"): break;
                case (_, "delta"):
                    Assert.NotNull(part);
                    part[part["refusal"] is null ? "text" : "refusal"] = Text(part) + Of(one, "delta");
                    break;
                case (_, "done"): Assert.Equal(Text(part!), (one["text"] ?? one["refusal"])!.GetValue<string>()); break;
                default: Assert.Fail(type); break;
            }
        }
        Assert.Contains(Of(events[^1], "type"), (string[])["response.completed", "response.incomplete", "response.failed"]);
        JsonObject response = (JsonObject)events[^1]["response"]!;
        if (Of(response, "status") != "failed") Assert.True(JsonNode.DeepEquals(output, response["output"]), $"{output} is not {response["output"]}");
        return response;
    }

    private static string Text(JsonNode part) => Of(part, part["refusal"] is null ? "text" : "refusal");

    private static string Of(JsonNode from, string name) => from[name]!.GetValue<string>();
}
