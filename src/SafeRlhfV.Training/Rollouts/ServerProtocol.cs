using System.Text.Json;

namespace SafeRlhfV.Training;

/// <summary>What a server's program wants to be sent, and how its replies are read.</summary>
internal abstract class ServerProtocol
{
    /// <summary>Asks whether the server is well.</summary>
    public static ServerCall Health { get; } = ServerCall.Get("/health");

    /// <summary>Asks for the names that it serves.</summary>
    public static ServerCall Models { get; } = ServerCall.Get("/v1/models");

    /// <summary>Asks for a sampled answer with its log-probabilities; every setting that changes the distribution is stated.</summary>
    /// <param name="model">The name of the base model or adapter.</param>
    /// <param name="request">What to answer.</param>
    /// <param name="stream">Whether the reply comes as a stream.</param>
    public abstract ServerCall Sample(string model, RolloutRequest request, bool stream);

    /// <summary>The sampled answers in the order of their index, whatever the order in which they came.</summary>
    /// <exception cref="Exception">A <see cref="JsonException"/> and the like: the reply is not of the protocol.</exception>
    public abstract IReadOnlyList<RolloutReply> ReadSample(ServerReply reply);

    /// <summary>Whether a server's prompt is our own.</summary>
    /// <param name="served">The ids that the server used.</param>
    /// <param name="own">Our encoding.</param>
    /// <param name="imageToken">The id of an image token.</param>
    public abstract bool IsSamePrompt(ReadOnlySpan<int> served, ReadOnlySpan<int> own, int imageToken);

    /// <summary>Loads a PEFT folder under a name.</summary>
    public abstract ServerCall LoadAdapter(string name, string path);

    /// <summary>Forgets an adapter.</summary>
    public abstract ServerCall UnloadAdapter(string name);

    /// <summary>Puts the weights of a checkpoint folder in place of the served ones, and drops what was computed with those.</summary>
    public abstract IReadOnlyList<ServerCall> Reload(string path, string version);

    /// <summary>How a server is started so that it loads adapters, for errors.</summary>
    public abstract string AdapterHint { get; }

    /// <summary>How a server is started so that it takes new weights, for errors.</summary>
    public abstract string ReloadHint { get; }

    /// <summary>The name that the base model is served under: the first that is no adapter.</summary>
    /// <exception cref="Exception">As of <see cref="ReadSample"/>.</exception>
    public static string ReadModelName(ServerReply reply)
    {
        foreach (JsonElement model in reply.Parts().Single().GetProperty("data").EnumerateArray())
            if (!model.TryGetProperty("parent", out JsonElement parent) || parent.ValueKind == JsonValueKind.Null) return model.GetProperty("id").GetString()!;
        throw new JsonException("no model is listed");
    }

    /// <summary>Checks a reply to a load, an unload or a reload, which may say in its body that nothing was done.</summary>
    /// <exception cref="JsonException">It was not done.</exception>
    public static void CheckDone(ServerReply reply)
    {
        if (reply.Body.Length == 0 || reply.Body[0] != '{') return; // vLLM's success is bare text, or nothing
        JsonElement root = reply.Parts().Single();
        if (root.TryGetProperty("success", out JsonElement success) && success.ValueKind == JsonValueKind.False)
            throw new JsonException(ServerReply.Said(reply.Body) is { Length: > 0 } said ? said : "the server says that it was not done");
    }

    /// <summary>The numbers of a field.</summary>
    protected static int[] Ids(JsonElement list) => [.. list.EnumerateArray().Select(id => id.GetInt32())];

    /// <summary>Whether a property is there and not null.</summary>
    protected static bool Has(JsonElement item, string name, out JsonElement value) =>
        item.TryGetProperty(name, out value) && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined);
}
