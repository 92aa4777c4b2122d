using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace SafeRlhfV.Gateway;

/// <summary>Gives back and forgets the responses that are kept: <c>/v1/responses/{id}</c>.</summary>
internal sealed class StoredResponses(ResponseStore store)
{
    public void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/responses/{id}", http => JsonReply.WriteAsync(http, store.Find(Owner(http), Id(http)) ?? throw Unknown()));
        app.MapGet("/v1/responses/{id}/input_items", http => JsonReply.WriteAsync(http, Items(http)));
        app.MapDelete("/v1/responses/{id}", http => store.Forget(Owner(http), Id(http))
            ? JsonReply.WriteAsync(http, new JsonObject { ["id"] = Id(http), ["object"] = "response", ["deleted"] = true })
            : throw Unknown());
    }

    private JsonObject Items(HttpContext http)
    {
        IReadOnlyList<JsonObject> items = store.Input(Owner(http), Id(http)) ?? throw Unknown();
        JsonArray input = [.. items.Reverse().Select(item => item.DeepClone())];
        for (int i = 0; i < input.Count; i++) input[i]!["id"] ??= $"in_{Id(http)}_{i}";
        return new()
        {
            ["object"] = "list",
            ["data"] = input,
            ["first_id"] = input.FirstOrDefault()?["id"]?.DeepClone(),
            ["last_id"] = input.LastOrDefault()?["id"]?.DeepClone(),
            ["has_more"] = false,
        };
    }

    private static string Owner(HttpContext http) => ApiKey.Of(http).Hash;

    private static string Id(HttpContext http) => http.GetRouteValue("id")?.ToString() ?? "";

    private static ApiException Unknown() => new(404, "invalid_request_error", "There is no such response here, or it is no longer kept.", "not_found");
}
