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

    // ResponseCreateParamsBase of openai-node 7.57.0
    private static readonly string[] OfResponses =
    [
        "background", "context_management", "conversation", "include", "input", "instructions", "max_output_tokens", "max_tool_calls", "metadata", "model",
        "moderation", "parallel_tool_calls", "previous_response_id", "prompt", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention",
        "reasoning", "safety_identifier", "service_tier", "store", "stream", "stream_options", "temperature", "text", "tool_choice", "tools", "top_logprobs",
        "top_p", "truncation", "user",
    ];

    [Fact]
    public void TheTablesHaveEveryFieldOfTheSdks()
    {
        Assert.Empty(OfMessages.Except(MessagesFields.Table.All.Select(field => field.Path)));
        Assert.Empty(OfResponses.Except(ResponsesFields.Table.All.Select(field => field.Path)));
        Assert.Equal(["model", "input", "dimensions", "encoding_format", "user"], EmbeddingsFields.Table.All.Select(field => field.Path));
    }

    [Fact]
    public async Task TheDocumentShowsTheTablesOfTheCode()
    {
        string[] lines = await File.ReadAllLinesAsync(Path.Combine(Golden.RepositoryRoot(), "docs", "gateway-fields.md"),
            TestContext.Current.CancellationToken);
        foreach ((string heading, FieldTable table) in new[]
        {
            ("## Requests of /v1/messages", MessagesFields.Table), ("## Requests of /v1/responses", ResponsesFields.Table),
            ("## Requests of /v1/embeddings", EmbeddingsFields.Table),
        })
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

    [Fact]
    public Task ThePhraseReachesTheModelFromNoLeafOfResponses() => HoldAsync("/v1/responses", """
        {
          "model": "ours", "max_output_tokens": 50, "temperature": 0.5, "top_p": 0.9, "instructions": "Be brief.", "parallel_tool_calls": false, "user": "u1",
          "safety_identifier": "s", "prompt_cache_key": "k", "service_tier": "auto", "truncation": "disabled", "store": true, "stream": false,
          "include": ["reasoning.encrypted_content"], "metadata": { "a": "b" }, "top_logprobs": 1, "max_tool_calls": 3, "previous_response_id": null,
          "reasoning": { "effort": "low", "summary": "auto" },
          "text": { "verbosity": "low", "format": { "type": "json_schema", "name": "n", "description": "d", "strict": true,
            "schema": { "type": "object", "properties": { "a": { "enum": ["x"], "description": "d" } } } } },
          "tools": [ { "type": "function", "name": "look", "description": "Looks.", "strict": true,
              "parameters": { "type": "object", "properties": { "at": { "type": "string", "description": "where" } }, "required": ["at"] } },
            { "type": "custom", "name": "draw", "description": "Draws.", "format": { "type": "grammar", "syntax": "regex", "definition": "a+" } } ],
          "tool_choice": { "type": "allowed_tools", "mode": "auto", "tools": [ { "type": "function", "name": "look" } ] },
          "input": [
            { "role": "user", "content": "Look at this" },
            { "type": "message", "role": "developer", "content": [ { "type": "input_text", "text": "Now listen." } ] },
            { "type": "reasoning", "id": "rs_1", "summary": [ { "type": "summary_text", "text": "hm" } ], "encrypted_content": "xyz", "status": "completed" },
            { "type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "phase": "final_answer",
              "content": [ { "type": "output_text", "text": "I look.", "annotations": [ { "type": "url_citation", "url": "https://a.example/" } ] },
                { "type": "refusal", "refusal": "no" } ] },
            { "type": "function_call", "id": "fc_1", "call_id": "c1", "name": "look", "arguments": "{\"at\":\"x\"}", "status": "completed" },
            { "type": "custom_tool_call", "call_id": "c2", "name": "draw", "input": "aaa" },
            { "type": "function_call_output", "call_id": "c1", "output": [ { "type": "input_text", "text": "seen" },
              { "type": "input_image", "image_url": "data:image/png;base64,PIXEL", "detail": "low" } ] },
            { "type": "custom_tool_call_output", "call_id": "c2", "output": "drawn" },
            { "type": "message", "role": "user", "content": [ { "type": "input_text", "text": "So?" },
              { "type": "input_image", "image_url": "data:image/png;base64,PIXEL" } ] }
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
        foreach (string other in JsonPlaces.OfOtherKinds(whole)) await RequestFieldTests.TryAsync(gateway, other, path);
        string[] disguises = ["a forbidden thing", "f\u200borbidden", """{"a":"\u0066orbidden"}""", "x\nforbidden"];
        await Gen.Select(Gen.Int[0, count - 1], Gen.Int[0, disguises.Length - 1])
            .SampleAsync((at, which) => RequestFieldTests.TryAsync(gateway, JsonPlaces.With(whole, at, disguises[which]), path), iter: 200, threads: 1);
    }
}
