using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>Answers with embeddings; a refusal is an error, since their shape has no place for it.</summary>
internal sealed class EmbeddingsAnswer(ChatCall call) : WholeAnswer(call)
{
    /// <exception cref="ApiException">The texts were refused.</exception>
    public override JsonObject Whole(ChatResponse response)
    {
        if (response.GetRefusal() is { } refusal) throw ApiException.Invalid(refusal, "input", "content_filter");
        MemberContent data = response.Messages.SelectMany(message => message.Contents).OfType<MemberContent>().Single();
        return new()
        {
            ["object"] = "list",
            ["data"] = data.Json.DeepClone(),
            ["model"] = Call.Model,
            ["usage"] = new JsonObject
            {
                ["prompt_tokens"] = response.Usage?.InputTokenCount ?? 0,
                ["total_tokens"] = response.Usage?.TotalTokenCount ?? 0,
            },
        };
    }
}
