using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Annotation;

/// <summary>One question to a model. Its key is a hash of all that could change the answer, so that the same question is never paid for twice.</summary>
/// <param name="Model">The model.</param>
/// <param name="Stage">question, answer or judge; for the audit.</param>
/// <param name="Item">What it is about; for the audit.</param>
/// <param name="Messages">The messages.</param>
/// <param name="Format">The form of the answer.</param>
/// <param name="Sample">Tells apart the answers to one question asked several times.</param>
internal sealed record CallRequest(ChatModelSettings Model, string Stage, string Item, IReadOnlyList<ChatMessage> Messages, ChatResponseFormat? Format,
    int Sample)
{
    public string Key()
    {
        JsonArray messages = [];
        foreach (ChatMessage message in Messages)
        {
            JsonArray contents = [];
            foreach (AIContent content in message.Contents)
                contents.Add(content switch
                {
                    TextContent text => text.Text,
                    DataContent data => $"{data.MediaType} {Convert.ToHexStringLower(SHA256.HashData(data.Data.Span))}",
                    _ => throw new InvalidOperationException($"A call cannot hold {content.GetType().Name}."),
                });
            messages.Add(new JsonObject { ["role"] = message.Role.Value, ["contents"] = contents });
        }
        JsonObject identity = new()
        {
            ["endpoint"] = Model.Endpoint.Address.ToString(),
            ["model"] = Model.Model,
            ["temperature"] = Model.Temperature,
            ["max_tokens"] = Model.MaxTokens,
            ["format"] = Format switch { null => "text", ChatResponseFormatJson { Schema: { } schema } => schema.GetRawText(), _ => "json" },
            ["messages"] = messages,
            ["sample"] = Sample,
        };
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(identity.ToJsonString())))[..32];
    }
}
