using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>Tells the tokens of a prompt, which the model has counted for an answer of one token.</summary>
internal sealed class TokenCountAnswer(ChatCall call) : WholeAnswer(call)
{
    /// <exception cref="ApiException">The prompt was refused, or the model counts no tokens.</exception>
    public override byte[] Whole(ChatResponse response)
    {
        if (response.Usage?.InputTokenCount is { } count) return JsonReply.Render(new JsonObject { ["input_tokens"] = count });
        throw response.GetRefusal() is { } refusal
            ? ApiException.Invalid(refusal, code: "content_filter")
            : new ApiException(502, "upstream_error", "The model does not tell how many tokens it has read.", "upstream_garbled");
    }
}
