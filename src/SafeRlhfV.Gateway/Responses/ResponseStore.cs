using System.Text.Json.Nodes;

namespace SafeRlhfV.Gateway;

/// <summary>
/// The last responses, in this process's memory, so that <c>previous_response_id</c> and references to items become what was said, and are judged. A key sees
/// its own alone. The oldest go when there is no more room or their time is over.
/// </summary>
internal sealed class ResponseStore(ResponseSettings settings, TimeProvider clock)
{
    private readonly Lock gate = new();
    private readonly Dictionary<(string Owner, string Id), LinkedListNode<Kept>> responses = [], items = [];
    private readonly LinkedList<Kept> byAge = [];
    private long bytes;

    /// <summary>Whether anything is kept.</summary>
    public bool Keeps => settings.StoreBytes > 0;

    /// <summary>What the response to a call is called.</summary>
    public static string NameOf(ChatCall call) => $"resp_{call.RequestId}";

    /// <summary>Keeps a response.</summary>
    /// <param name="owner">The key's hash.</param>
    /// <param name="response">What was answered.</param>
    /// <param name="turn">What it adds to a conversation: the input items, and its own. Empty where it must not be said again.</param>
    public void Keep(string owner, JsonObject response, IEnumerable<JsonNode> turn)
    {
        string[] names = [.. (response["output"] as JsonArray ?? []).Select(item => JsonText.Of(item!["id"])).OfType<string>()];
        byte[] said = JsonReply.Render(turn, static (writer, turn) =>
        {
            writer.WriteStartArray();
            foreach (JsonNode item in turn) item.WriteTo(writer);
            writer.WriteEndArray();
        });
        Kept kept = new(owner, JsonText.Of(response["id"])!, JsonText.Of(response["previous_response_id"]), names,
            JsonReply.Render(response, static (writer, response) => response.WriteTo(writer)), said, clock.GetUtcNow());
        lock (gate)
        {
            LinkedListNode<Kept> node = byAge.AddLast(kept);
            responses[(owner, kept.Id)] = node;
            foreach (string name in names) items[(owner, name)] = node;
            bytes += kept.Size;
            while (byAge.First is { } oldest && (bytes > settings.StoreBytes || clock.GetUtcNow() - oldest.Value.At > settings.StoreTime)) Remove(oldest);
        }
    }

    /// <summary>A response as it was answered; null where it is not kept.</summary>
    public JsonObject? Find(string owner, string id) => Of(responses, owner, id) is { } kept ? (JsonObject)JsonNode.Parse(kept.Response)! : null;

    /// <summary>The items of a conversation up to a response; null where one of its responses is not kept.</summary>
    public IReadOnlyList<JsonObject>? Conversation(string owner, string id)
    {
        List<JsonObject> found = [];
        HashSet<string> seen = [];
        for (string? next = id; next is not null && seen.Add(next);)
        {
            if (Of(responses, owner, next) is not { } kept) return null;
            found.InsertRange(0, Items(kept));
            next = kept.Previous;
        }
        return found;
    }

    /// <summary>The input items of one response; null where it is not kept.</summary>
    public IReadOnlyList<JsonObject>? Input(string owner, string id) =>
        Of(responses, owner, id) is { } kept ? [.. Items(kept).SkipLast(kept.Items.Count)] : null;

    /// <summary>An item by its name; null where it is not kept.</summary>
    public JsonObject? Item(string owner, string name) =>
        Of(items, owner, name) is { } kept ? Items(kept).Find(item => JsonText.Of(item["id"]) == name) : null;

    /// <summary>Forgets a response; whether it was kept.</summary>
    public bool Forget(string owner, string id)
    {
        lock (gate)
        {
            if (!responses.TryGetValue((owner, id), out LinkedListNode<Kept>? node)) return false;
            Remove(node);
            return true;
        }
    }

    // What a conversation still needs counts as young.
    private Kept? Of(Dictionary<(string, string), LinkedListNode<Kept>> names, string owner, string name)
    {
        lock (gate)
        {
            if (!names.TryGetValue((owner, name), out LinkedListNode<Kept>? node)) return null;
            if (clock.GetUtcNow() - node.Value.At > settings.StoreTime)
            {
                Remove(node);
                return null;
            }
            byAge.Remove(node);
            node.Value = node.Value with { At = clock.GetUtcNow() };
            byAge.AddLast(node);
            return node.Value;
        }
    }

    private void Remove(LinkedListNode<Kept> node)
    {
        byAge.Remove(node);
        bytes -= node.Value.Size;
        responses.Remove((node.Value.Owner, node.Value.Id));
        foreach (string name in node.Value.Items)
            if (items.GetValueOrDefault((node.Value.Owner, name)) == node) items.Remove((node.Value.Owner, name));
    }

    private static List<JsonObject> Items(Kept kept) => [.. JsonNode.Parse(kept.Turn)!.AsArray().Select(item => (JsonObject)item!)];

    private sealed record Kept(string Owner, string Id, string? Previous, IReadOnlyList<string> Items, byte[] Response, byte[] Turn, DateTimeOffset At)
    {
        public long Size => Response.Length + Turn.Length + 1000L;
    }
}
