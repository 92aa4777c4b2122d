using System.Collections.Frozen;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Gateway;

/// <summary>The guarded models by name.</summary>
internal sealed class ModelTable(IReadOnlyDictionary<string, (IChatClient Guarded, RoutedChatClient Upstreams)> models) : IDisposable
{
    private readonly FrozenDictionary<string, (IChatClient Guarded, RoutedChatClient Upstreams)> models = models.ToFrozenDictionary();

    /// <summary>Whether any model has an upstream that answers: another gateway has the same upstreams, and the other models still answer here.</summary>
    public bool IsAvailable => models.Values.Any(model => model.Upstreams.IsAvailable);

    /// <summary>The models whose upstreams are all being left alone or out of reach.</summary>
    public IReadOnlyList<string> Unavailable => [.. models.Where(model => !model.Value.Upstreams.IsAvailable).Select(model => model.Key).Order()];

    /// <exception cref="ApiException">There is no such model, or the key may not use it (404).</exception>
    public IChatClient Find(string name, ApiKey key) => models.TryGetValue(name, out (IChatClient Guarded, RoutedChatClient) model) && key.MayUse(name)
        ? model.Guarded
        : throw Unknown(name);

    public JsonObject List(ApiKey key) => new()
    {
        ["object"] = "list",
        ["data"] = new JsonArray([.. models.Keys.Where(key.MayUse).Order().Select(name => (JsonNode)Entry(name))]),
    };

    public JsonObject One(string name, ApiKey key) => models.ContainsKey(name) && key.MayUse(name) ? Entry(name) : throw Unknown(name);

    public void Dispose()
    {
        foreach ((IChatClient guarded, _) in models.Values) guarded.Dispose();
    }

    private static JsonObject Entry(string name) => new() { ["id"] = name, ["object"] = "model", ["created"] = 0, ["owned_by"] = "gateway" };

    private static ApiException Unknown(string name) =>
        new(404, "invalid_request_error", $"There is no model '{(name.Length > 100 ? name[..100] : name)}', or your key may not use it.", "model_not_found",
            "model");
}
