using System.Text.Json.Nodes;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary><c>POST /v1/responses</c>.</summary>
internal sealed class ResponsesWire(ChatRequestReader reader, ResponseStore store, IReadOnlyList<string> hostedTools) : IWire
{
    public async Task<IWireAnswer> ReadAsync(JsonObject body, ApiKey key, CancellationToken cancellationToken)
    {
        ResponsesFields.Table.Check(body);
        bool isKept = store.Keeps && JsonScalar.Flag(body["store"]) != false;
        List<JsonObject> turn = await TurnAsync(body, key, cancellationToken);
        List<JsonObject> conversation = [.. await BeforeAsync(body, key, cancellationToken), .. turn];
        ChatCall call = await reader.ReadAsync(ResponsesReader.ToChat(body, conversation, hostedTools), key, cancellationToken);
        return new ResponsesAnswer(call, body, isKept ? KeepAsync : null);

        // A turn that was refused is not said again, so that it does not block the conversation for good.
        ValueTask KeepAsync(JsonObject response, byte[] written, GuardOutcome? outcome, CancellationToken cancellationToken) => store.KeepAsync(
            key.Hash, call, response, written,
            outcome == GuardOutcome.PromptRefused ? [] : turn.Concat<JsonNode>(response["output"]!.AsArray().Select(item => item!)), cancellationToken);
    }

    private async ValueTask<IReadOnlyList<JsonObject>> BeforeAsync(JsonObject body, ApiKey key, CancellationToken cancellationToken)
    {
        if (body["previous_response_id"] is not { } previous) return [];
        return await store.ConversationAsync(key.Hash, JsonText.Required(previous, "previous_response_id"), cancellationToken)
            ?? throw ApiException.Invalid("There is no such response here, or it is no longer kept; send the whole conversation as input.",
                "previous_response_id", "previous_response_not_found");
    }

    // References to items become the items.
    private async ValueTask<List<JsonObject>> TurnAsync(JsonObject body, ApiKey key, CancellationToken cancellationToken)
    {
        List<JsonObject> turn = [];
        if (JsonText.Of(body["input"]) is { } text)
            return [new() { ["type"] = "message", ["role"] = "user", ["content"] = text }];
        if (body["input"] is not JsonArray { Count: > 0 } list) throw ApiException.Invalid("input must be a text or a list of items.", "input");
        for (int i = 0; i < list.Count; i++)
        {
            string param = $"input[{i}]";
            JsonObject item = list[i] as JsonObject ?? throw ApiException.Invalid($"{param} must be an object.", param);
            bool isReference = JsonText.Of(item["type"]) is { } type ? type == "item_reference" : item["role"] is null;
            turn.Add(!isReference ? item : await store.ItemAsync(key.Hash, JsonText.Required(item["id"], $"{param}.id"), cancellationToken)
                ?? throw ApiException.Invalid($"{param}: there is no such item here, or it is no longer kept; send the item itself.", $"{param}.id",
                    "item_not_found"));
        }
        return turn;
    }
}
