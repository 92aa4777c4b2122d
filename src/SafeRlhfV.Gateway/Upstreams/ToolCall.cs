using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>A tool call as an upstream wrote it.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Id">Its name among the calls.</param>
/// <param name="Name">The tool.</param>
/// <param name="Arguments">The arguments as they came: JSON of any kind, or the input of a custom tool.</param>
/// <param name="Extras">What services add to it, such as thought signatures.</param>
internal sealed record ToolCall(ToolCallKind Kind, string Id, string Name, string Arguments, JsonObject Extras)
{
    /// <summary>The call as a content for the guard, which judges all of its texts.</summary>
    public FunctionCallContent ToContent() => new Written(this);

    /// <summary>The call of a content; made of it where another client wrote it.</summary>
    public static ToolCall Of(FunctionCallContent content) => content is Written written
        ? written.Call
        : new(ToolCallKind.Function, content.CallId, content.Name, JsonSerializer.Serialize(content.Arguments, AIJsonUtilities.DefaultOptions), []);

    private sealed class Written : FunctionCallContent, IRewritableContent
    {
        public Written(ToolCall call) : base(call.Id, call.Name, new Dictionary<string, object?> { ["arguments"] = call.Arguments, ["id"] = call.Id })
        {
            Call = call;
            if (call.Extras.Count > 0) Arguments!["extras"] = JsonSerializer.SerializeToElement(call.Extras);
        }

        public ToolCall Call { get; }

        public AIContent WithTexts(Func<string, bool, string> change) => (Call with
        {
            Arguments = change(Call.Arguments, Call.Kind != ToolCallKind.Custom),
            Extras = (JsonObject)JsonRedaction.Change(Call.Extras, text => change(text, false))!,
        }).ToContent();
    }
}
