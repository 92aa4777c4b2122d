using System.Globalization;
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
        app.MapGet("/v1/responses/{id}", async http => await JsonReply.WriteAsync(http, await ResponseAsync(http)));
        app.MapGet("/v1/responses/{id}/input_items", async http => await JsonReply.WriteAsync(http, await ItemsAsync(http)));
        app.MapDelete("/v1/responses/{id}", async http =>
        {
            if (!await store.ForgetAsync(Owner(http), Id(http), http.RequestAborted)) throw Unknown();
            await JsonReply.WriteAsync(http, new JsonObject { ["id"] = Id(http), ["object"] = "response", ["deleted"] = true });
        });
    }

    // The newest first unless asked otherwise, a page at a time.
    private async Task<JsonObject> ItemsAsync(HttpContext http)
    {
        IReadOnlyList<JsonObject> items = await store.InputAsync(Owner(http), Id(http), http.RequestAborted) ?? throw Unknown();
        List<JsonNode> input = [.. items.Select(item => item.DeepClone())];
        for (int i = 0; i < input.Count; i++) input[i]["id"] ??= $"in_{Id(http)}_{i}";
        if (Asked(http, "order", "desc", "asc", "desc") == "desc") input.Reverse();
        if (http.Request.Query["after"].ToString() is { Length: > 0 } after)
        {
            int at = input.FindIndex(item => JsonText.Of(item["id"]) == after);
            if (at < 0) throw ApiException.Invalid($"after: there is no item '{ApiException.Short(after)}' here.", "after");
            input.RemoveRange(0, at + 1);
        }
        int limit = 20;
        if (http.Request.Query["limit"].ToString() is { Length: > 0 } most && (!int.TryParse(most, NumberStyles.None, CultureInfo.InvariantCulture, out limit)
            || limit is < 1 or > 100)) throw ApiException.Invalid("limit must be a whole number from 1 to 100.", "limit");
        bool hasMore = input.Count > limit;
        JsonArray page = [.. input.Take(limit)];
        return new()
        {
            ["object"] = "list",
            ["data"] = page,
            ["first_id"] = page.FirstOrDefault()?["id"]?.DeepClone(),
            ["last_id"] = page.LastOrDefault()?["id"]?.DeepClone(),
            ["has_more"] = hasMore,
        };
    }

    private async Task<JsonObject> ResponseAsync(HttpContext http)
    {
        if (Asked(http, "stream", "false", "true", "false") == "true")
            throw ApiException.Invalid("A kept response is given whole: its events are not kept.", "stream", "unsupported_parameter");
        return await store.FindAsync(Owner(http), Id(http), http.RequestAborted) ?? throw Unknown();
    }

    private static string Asked(HttpContext http, string name, string otherwise, params string[] words)
    {
        if (http.Request.Query[name].ToString() is not { Length: > 0 } asked) return otherwise;
        return words.Contains(asked) ? asked : throw FieldFault.Wrong(name, string.Join(" or ", words));
    }

    private static string Owner(HttpContext http) => ApiKey.Of(http).Hash;

    private static string Id(HttpContext http) => http.GetRouteValue("id")?.ToString() ?? "";

    private static ApiException Unknown() => new(404, "invalid_request_error", "There is no such response here, or it is no longer kept.", "not_found");
}
