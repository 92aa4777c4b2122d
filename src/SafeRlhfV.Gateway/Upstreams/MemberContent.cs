using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>What an upstream added to an answer beside its text, reasoning, refusal and tool calls: its JSON, all of which is judged.</summary>
/// <param name="place">Where it stands.</param>
/// <param name="name">The member's name.</param>
/// <param name="json">Its value.</param>
/// <param name="isOwn">Whether the gateway made it, so that there is nothing to judge.</param>
internal sealed class MemberContent(MemberPlace place, string name, JsonNode json, bool isOwn = false)
    : JudgedContent, IRewritableContent
{
    private JsonLeaves? leaves;

    public MemberPlace Place => place;

    public string Name => name;

    public JsonNode Json => json;

    public override IReadOnlyList<KeyValuePair<string, string>> Texts => isOwn ? [] : Leaves.Texts;

    public override IReadOnlyList<ModerationImage> Images => isOwn ? [] : Leaves.Images;

    public AIContent WithTexts(Func<string, bool, string> change) =>
        isOwn ? this : new MemberContent(place, name, JsonRedaction.Change(json, text => change(text, false))!);

    // Its name is judged with it: only a few are known.
    private JsonLeaves Leaves => leaves ??= new(new JsonObject { [name] = json.DeepClone() }, place.ToString());
}
