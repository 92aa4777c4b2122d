using System.Text.Json.Nodes;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>
/// What the member <c>moderation</c> of a request asks for: the verdicts in the answer, and on a side with the mode <c>block</c> that all that is flagged is
/// refused, also what the gateway's policy would let pass. It never loosens that policy. The gateway's own moderators judge, whatever model it names.
/// </summary>
internal sealed record ModerationAsked(bool BlocksInput, bool BlocksOutput)
{
    private const string Name = "moderation";

    /// <summary>Reads the member; null where there is none.</summary>
    /// <exception cref="ApiException">It is not sound.</exception>
    public static ModerationAsked? Read(JsonNode? member)
    {
        if (Members(member, Name, "model", "policy") is not { } asked) return null;
        if (asked["model"] is { } model) JsonText.Required(model, $"{Name}.model");
        JsonObject? policy = Members(asked["policy"], $"{Name}.policy", "input", "output");
        return new(Blocks(policy, "input"), Blocks(policy, "output"));
    }

    /// <summary>Whether all that is flagged on a side is to be refused.</summary>
    public bool Blocks(GuardSide side) => side == GuardSide.Prompt ? BlocksInput : BlocksOutput;

    private static bool Blocks(JsonObject? policy, string side)
    {
        string place = $"{Name}.policy.{side}";
        if (Members(policy?[side], place, "mode") is not { } one) return false;
        return JsonText.Required(one["mode"], $"{place}.mode") switch
        {
            "block" => true,
            "score" => false,
            _ => throw FieldFault.Wrong($"{place}.mode", "score or block"),
        };
    }

    private static JsonObject? Members(JsonNode? node, string place, params string[] known)
    {
        if (node is null) return null;
        JsonObject members = node as JsonObject ?? throw FieldFault.Wrong(place, "an object");
        return members.FirstOrDefault(member => !known.Contains(member.Key)).Key is not { } other
            ? members
            : throw FieldFault.Unknown([.. known.Select(name => new RequestField($"{place}.{name}", FieldUse.Stripped, ""))], $"{place}.{other}",
                $"{place}.{other}");
    }
}
