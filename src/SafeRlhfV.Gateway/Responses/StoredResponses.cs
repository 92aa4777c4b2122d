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
        app.MapGet("/v1/responses/{id}", async http =>
            await JsonReply.WriteAsync(http, await store.FindAsync(Owner(http), Id(http), http.RequestAborted) ?? throw Unknown()));
        app.MapGet("/v1/responses/{id}/input_items", async http => await JsonReply.WriteAsync(http, await ItemsAsync(http)));
        app.MapDelete("/v1/responses/{id}", async http =>
        {
            if (!await store.ForgetAsync(Owner(http), Id(http), http.RequestAborted)) throw Unknown();
            await JsonReply.WriteAsync(http, new JsonObject { ["id"] = Id(http), ["object"] = "response", ["deleted"] = true });
        });
    }

    private async Task<JsonObject> ItemsAsync(HttpContext http)
    {
        IReadOnlyList<JsonObject> items = await store.InputAsync(Owner(http), Id(http), http.RequestAborted) ?? throw Unknown();
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
