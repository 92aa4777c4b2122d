using System.Text.Json.Nodes;
using CsCheck;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Gateway.Tests;

/// <summary>The tables of fields of the wires beside Chat Completions.</summary>
public sealed class WireFieldTests
{
    private const string Pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    // MessageCreateParams of @anthropic-ai/sdk 1.14.0
    private static readonly string[] OfMessages =
    [
        "max_tokens", "messages", "model", "cache_control", "container", "diagnostics", "inference_geo", "metadata", "output_config", "service_tier", "speed",
        "stop_sequences", "stream", "system", "temperature", "thinking", "tool_choice", "tools", "top_k", "top_p", "user_profile_id", "workspace_id",
    ];

    [Fact]
    public void TheTablesHaveEveryFieldOfTheSdks() =>
        Assert.Empty(OfMessages.Except(MessagesFields.Table.All.Select(field => field.Path)));

    [Fact]
    public async Task TheDocumentShowsTheTablesOfTheCode()
    {
        string[] lines = await File.ReadAllLinesAsync(Path.Combine(Golden.RepositoryRoot(), "docs", "gateway-fields.md"),
            TestContext.Current.CancellationToken);
        foreach ((string heading, FieldTable table) in new[] { ("## Requests of /v1/messages", MessagesFields.Table) })
            Assert.Equal(table.All.Select(RequestFieldTests.Row), lines.SkipWhile(line => line != heading).Skip(1)
                .TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal)).Where(line => line.StartsWith("| `", StringComparison.Ordinal)));
    }

    [Fact]
    public Task ThePhraseReachesTheModelFromNoLeafOfMessages() => HoldAsync("/v1/messages", """
        {
          "model": "ours", "max_tokens": 50, "temperature": 0.5, "top_k": 3, "top_p": 0.9, "stop_sequences": ["END"], "metadata": { "user_id": "u1" },
          "service_tier": "auto", "stream": false, "output_config": { "effort": "low", "format": { "type": "json_schema",
            "schema": { "type": "object", "properties": { "a": { "enum": ["x"], "description": "d" } } } } },
          "system": [ { "type": "text", "text": "Be brief.", "cache_control": { "type": "ephemeral" } } ],
          "tools": [ { "type": "custom", "name": "look", "description": "Looks.", "strict": true, "cache_control": { "type": "ephemeral" },
            "input_schema": { "type": "object", "properties": { "at": { "type": "string", "description": "where" } }, "required": ["at"] } } ],
          "tool_choice": { "type": "tool", "name": "look", "disable_parallel_tool_use": true },
          "thinking": { "type": "enabled", "budget_tokens": 5000, "display": "omitted" },
          "messages": [
            { "role": "user", "content": "Look at this" },
            { "role": "system", "content": "Now listen." },
            { "role": "assistant", "content": [
              { "type": "thinking", "thinking": "hm", "signature": "abc" }, { "type": "redacted_thinking", "data": "xyz" },
              { "type": "text", "text": "I look.", "citations": [ { "type": "char_location", "cited_text": "c" } ] },
              { "type": "tool_use", "id": "t1", "name": "look", "input": { "at": "there", "deep": [ { "more": "x" } ] } } ] },
            { "role": "user", "content": [
              { "type": "tool_result", "tool_use_id": "t1", "is_error": true, "content": [ { "type": "text", "text": "seen" },
                { "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": "PIXEL" } },
                { "type": "search_result", "title": "t", "source": "s", "content": [ { "type": "text", "text": "found" } ] } ] },
              { "type": "document", "title": "Notes", "context": "c", "source": { "type": "text", "media_type": "text/plain", "data": "a note" } },
              { "type": "document", "source": { "type": "content", "content": [ { "type": "text", "text": "x" } ] } },
              { "type": "text", "text": "So?" } ] }
          ]
        }
        """);

    private static async Task HoldAsync(string path, string body)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        JsonNode whole = JsonNode.Parse(body.Replace("PIXEL", Pixel))!;
        (int status, JsonNode? answer) = await gateway.PostAsync(path, whole.ToJsonString());
        Assert.True(status == 200, answer?.ToJsonString());
        Assert.Single(gateway.Upstream.Requests);
        int count = JsonPlaces.Count(whole);
        Assert.InRange(count, 150, 2000);
        for (int i = 0; i < count; i++) await RequestFieldTests.TryAsync(gateway, JsonPlaces.With(whole, i, "forbidden"), path);
        string[] disguises = ["a forbidden thing", "f\u200borbidden", """{"a":"\u0066orbidden"}""", "x\nforbidden"];
        await Gen.Select(Gen.Int[0, count - 1], Gen.Int[0, disguises.Length - 1])
            .SampleAsync((at, which) => RequestFieldTests.TryAsync(gateway, JsonPlaces.With(whole, at, disguises[which]), path), iter: 200, threads: 1);
    }
}
