using System.Text.Json.Nodes;

namespace SafeRlhfV.Gateway;

/// <summary>
/// The last responses, so that <c>previous_response_id</c> and references to items become what was said, and are judged. A key sees its own alone.
/// </summary>
internal sealed class ResponseStore(ResponseSettings settings, IKeptResponses kept)
{
    private const string Prefix = "resp_";
    private const int NameLength = 32; // of a request's name, which the names of its response and its items are made of

    /// <summary>Whether anything is kept.</summary>
    public bool Keeps => settings.StoreBytes > 0;

    /// <summary>What the response to a call is called.</summary>
    public static string NameOf(ChatCall call) => NameOf(call.RequestId);

    /// <summary>What the response to a request is called.</summary>
    public static string NameOf(string request) => Prefix + request;

    /// <summary>Keeps a response.</summary>
    /// <param name="owner">The key's hash.</param>
    /// <param name="call">What was asked.</param>
    /// <param name="response">What was answered.</param>
    /// <param name="written">The same as bytes.</param>
    /// <param name="turn">What it adds to a conversation: the input items, and its own. Empty where it must not be said again.</param>
    /// <param name="cancellationToken">Stops.</param>
    public ValueTask KeepAsync(string owner, ChatCall call, JsonObject response, byte[] written, IEnumerable<JsonNode> turn,
        CancellationToken cancellationToken)
    {
        byte[] said = JsonReply.Render(turn, static (writer, turn) =>
        {
            writer.WriteStartArray();
            foreach (JsonNode item in turn) item.WriteTo(writer);
            writer.WriteEndArray();
        });
        KeptResponse one = new(owner, NameOf(call), JsonText.Of(response["previous_response_id"]), (response["output"] as JsonArray)?.Count ?? 0,
            written, said)
        {
            Caller = call.Context.User,
            EndUser = call.Context.EndUser,
        };
        return kept.KeepAsync(one, cancellationToken);
    }

    /// <summary>A response as it was answered; null where it is not kept.</summary>
    public async ValueTask<JsonObject?> FindAsync(string owner, string id, CancellationToken cancellationToken) =>
        await kept.FindAsync(owner, id, cancellationToken) is { } one ? (JsonObject)JsonNode.Parse(one.Response)! : null;

    /// <summary>The items of a conversation up to a response; null where one of its responses is not kept.</summary>
    public async ValueTask<IReadOnlyList<JsonObject>?> ConversationAsync(string owner, string id, CancellationToken cancellationToken) =>
        await kept.TurnsAsync(owner, id, cancellationToken) is { } turns ? [.. turns.SelectMany(Items)] : null;

    /// <summary>The input items of one response; null where it is not kept.</summary>
    public async ValueTask<IReadOnlyList<JsonObject>?> InputAsync(string owner, string id, CancellationToken cancellationToken) =>
        await kept.FindAsync(owner, id, cancellationToken) is { } one ? [.. Items(one.Turn).SkipLast(one.Outputs)] : null;

    /// <summary>An item of an answer by its name; null where it is not kept.</summary>
    public async ValueTask<JsonObject?> ItemAsync(string owner, string name, CancellationToken cancellationToken)
    {
        int at = name.IndexOf('_', StringComparison.Ordinal) + 1;
        if (at == 0 || name.Length < at + NameLength) return null;
        return await kept.FindAsync(owner, NameOf(name.Substring(at, NameLength)), cancellationToken) is { } one
            ? Items(one.Turn).Find(item => JsonText.Of(item["id"]) == name)
            : null;
    }

    /// <summary>Forgets a response; whether it was kept.</summary>
    public ValueTask<bool> ForgetAsync(string owner, string id, CancellationToken cancellationToken) => kept.ForgetAsync(owner, id, cancellationToken);

    private static List<JsonObject> Items(byte[] turn) => [.. JsonNode.Parse(turn)!.AsArray().Select(item => (JsonObject)item!)];
}
