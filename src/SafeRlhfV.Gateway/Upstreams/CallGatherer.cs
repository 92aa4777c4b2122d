using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Gateway;

/// <summary>
/// Puts the tool calls of one choice together, whole or from the pieces of a stream, as services send them: with an index, without, or with the same.
/// </summary>
internal sealed class CallGatherer
{
    private const int MostCalls = 1000;
    private readonly List<Call> calls = [];
    private Call? legacy;

    /// <summary>Adds the value of <c>tool_calls</c>.</summary>
    /// <returns>How many characters came.</returns>
    public int Add(JsonNode value)
    {
        int characters = 0;
        if (value is not JsonArray parts) throw UpstreamException.Garbled("'tool_calls' is no list");
        foreach (JsonNode? node in parts)
        {
            if (node is null) continue;
            if (node is not JsonObject part) throw UpstreamException.Garbled("a tool call is no object");
            JsonObject? function = part["function"] as JsonObject, custom = part["custom"] as JsonObject;
            string name = JsonText.Of((function ?? custom)?["name"]) ?? "";
            Call call = Find(part, name);
            call.IsCustom |= custom is not null;
            characters += Add(call, name, function?["arguments"] ?? custom?["input"]);
            foreach ((string key, JsonNode? extra) in part)
            {
                if (extra is null || key is "index" or "id" or "type" or "function" or "custom") continue;
                call.Extras[key] = extra.DeepClone();
                characters += key.Length + extra.ToJsonString().Length;
            }
        }
        return characters;
    }

    /// <summary>Adds the value of the old <c>function_call</c>.</summary>
    /// <returns>How many characters came.</returns>
    public int AddLegacy(JsonNode value)
    {
        if (value is not JsonObject part) throw UpstreamException.Garbled("'function_call' is no object");
        return Add(legacy ??= new() { IsLegacy = true }, JsonText.Of(part["name"]) ?? "", part["arguments"]);
    }

    /// <summary>The calls in the order of their indices.</summary>
    public IEnumerable<AIContent> Contents() =>
        calls.OrderBy(call => call.Index).Concat(legacy is null ? [] : [legacy]).Select((call, i) => call.ToContent(i));

    private Call Find(JsonObject part, string name)
    {
        int? index = part["index"] is JsonValue at && at.TryGetValue(out int number) && number is >= 0 and < MostCalls ? number : null;
        string id = JsonText.Of(part["id"]) ?? "";
        Call? found = index is not null
            ? calls.FindLast(call => call.Index == index)
            : id.Length > 0 ? calls.FindLast(call => call.Id == id) : calls.LastOrDefault();

        // Another id under the same index is another call; so is another name where neither index nor id tells calls apart.
        if (found is not null && id.Length > 0 && found.Id.Length > 0 && found.Id != id) found = null;
        if (found is not null && index is null && id.Length == 0 && name.Length > 0 && found.Arguments.Length > 0) found = null;
        if (found is null)
        {
            if (calls.Count >= MostCalls) throw UpstreamException.Garbled($"there are more than {MostCalls} tool calls");
            calls.Add(found = new() { Index = index ?? (calls.Count == 0 ? 0 : calls.Max(call => call.Index) + 1) });
        }
        if (found.Id.Length == 0) found.Id = id;
        return found;
    }

    // A name comes whole, in pieces, or whole with each piece of the arguments.
    private static int Add(Call call, string name, JsonNode? arguments)
    {
        if (call.Name != name) call.Name += name;
        string more = arguments is null ? "" : JsonText.Of(arguments) ?? arguments.ToJsonString();
        call.Arguments.Append(more);
        return name.Length + more.Length;
    }

    private sealed class Call
    {
        public int Index { get; init; }

        public bool IsLegacy { get; init; }

        public bool IsCustom { get; set; }

        public string Id { get; set; } = "";

        public string Name { get; set; } = "";

        public StringBuilder Arguments { get; } = new();

        public JsonObject Extras { get; } = [];

        public AIContent ToContent(int place) => new ToolCall(
            IsLegacy ? ToolCallKind.Legacy : IsCustom ? ToolCallKind.Custom : ToolCallKind.Function,
            Id.Length > 0 ? Id : $"call_{place}", Name, Arguments.ToString(), Extras).ToContent();
    }
}
