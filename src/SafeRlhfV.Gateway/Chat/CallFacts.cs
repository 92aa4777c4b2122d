using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>What the record of a call tells beside the decisions: who answered, parameters, price, and fingerprints of what was sent.</summary>
internal static class CallFacts
{
    private static readonly string[] Parameters =
        ["temperature", "top_p", "max_tokens", "max_completion_tokens", "seed", "n", "frequency_penalty", "presence_penalty", "reasoning_effort"];

    public static IReadOnlyList<KeyValuePair<string, object?>> Of(ChatCall call)
    {
        List<KeyValuePair<string, object?>> facts = [new("model", call.Model), new("stream", call.IsStream)];
        Add("upstream", call.Upstream);
        Add("upstreamModel", call.UpstreamModel);
        if (call.Tokens > 0) facts.Add(new("tokens", call.Tokens));
        Add("trace", call.TraceId);
        Add("clientRequest", call.ClientRequest);
        JsonObject parameters = [];
        foreach (string name in Parameters)
            if (call.Body[name] is JsonValue value) parameters[name] = value.DeepClone();
        if (parameters.Count > 0) facts.Add(new("parameters", parameters));
        int last = -1;
        for (int i = 0; i < call.Messages.Count; i++)
            if (call.Messages[i].Role == ChatRole.User) last = i;
        AddTexts("system", call.Messages.Where(message => message.Role == ChatRole.System));
        AddTexts("history", call.Messages.Take(Math.Max(last, 0)).Where(message => message.Role != ChatRole.System));
        if (call.Body["tools"] is JsonArray tools) facts.Add(new("tools", new UnstoredText(tools.ToJsonString())));
        return facts;

        void Add(string name, string? value)
        {
            if (value is not null) facts.Add(new(name, value));
        }

        void AddTexts(string name, IEnumerable<ChatMessage> messages)
        {
            string text = string.Join('\n', messages.Select(message => $"{message.Role}: {message.Text}"));
            if (text.Length > 0) facts.Add(new(name, new UnstoredText(text)));
        }
    }
}
