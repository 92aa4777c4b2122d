using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace SafeRlhfV.Gateway.Tests;

/// <summary>An OpenAI-compatible service on loopback whose behaviour a test writes.</summary>
internal sealed class StubUpstream : IAsyncDisposable
{
    private readonly WebApplication app;

    private StubUpstream(WebApplication app) => this.app = app;

    public ConcurrentQueue<JsonObject> Requests { get; } = [];

    public ConcurrentQueue<string> Keys { get; } = [];

    public Func<HttpContext, JsonObject, Task> Behaviour { get; set; } = (http, body) => AnswerAsync(http, body, "All is well.");

    public Func<HttpContext, JsonObject, Task> Embeddings { get; set; } = EmbedAsync;

    public Uri Endpoint { get; private set; } = null!;

    public static async Task<StubUpstream> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRouting();
        WebApplication app = builder.Build();
        StubUpstream stub = new(app);
        app.MapPost("/v1/chat/completions", async http =>
        {
            JsonObject body = (await JsonSerializer.DeserializeAsync<JsonObject>(http.Request.Body))!;
            stub.Requests.Enqueue(body);
            stub.Keys.Enqueue(http.Request.Headers.Authorization.ToString());
            await stub.Behaviour(http, body);
        });
        app.MapPost("/v1/embeddings", async http =>
        {
            JsonObject body = (await JsonSerializer.DeserializeAsync<JsonObject>(http.Request.Body))!;
            stub.Requests.Enqueue(body);
            await stub.Embeddings(http, body);
        });
        await app.StartAsync();
        stub.Endpoint = new(app.Urls.First() + "/v1");
        return stub;
    }

    /// <summary>An embedding for each text, of its length and its place.</summary>
    public static Task EmbedAsync(HttpContext http, JsonObject body)
    {
        JsonNode[] texts = body["input"] is JsonArray list ? [.. list!] : [body["input"]!];
        JsonArray data = [];
        for (int i = 0; i < texts.Length; i++)
        {
            float[] numbers = [texts[i].GetValue<string>().Length, i];
            data.Add(new JsonObject
            {
                ["object"] = "embedding",
                ["index"] = i,
                ["embedding"] = body["encoding_format"]?.GetValue<string>() == "base64"
                    ? Convert.ToBase64String([.. numbers.SelectMany(BitConverter.GetBytes)])
                    : new JsonArray([.. numbers.Select(number => JsonValue.Create(number))]),
            });
        }
        return http.Response.WriteAsJsonAsync(new JsonObject
        {
            ["object"] = "list",
            ["data"] = data,
            ["model"] = "theirs",
            ["note"] = "unknown",
            ["usage"] = new JsonObject { ["prompt_tokens"] = 7, ["total_tokens"] = 7 },
        });
    }

    /// <summary>Answers as OpenAI would, streamed word by word if asked.</summary>
    public static async Task AnswerAsync(HttpContext http, JsonObject body, string text, JsonArray? toolCalls = null)
    {
        string model = body["model"]!.GetValue<string>();
        string finish = toolCalls is null ? "stop" : "tool_calls";
        if (body["stream"]?.GetValue<bool>() != true)
        {
            JsonObject message = new() { ["role"] = "assistant", ["content"] = text };
            if (toolCalls is not null) message["tool_calls"] = toolCalls;
            await http.Response.WriteAsJsonAsync(new JsonObject
            {
                ["id"] = "chatcmpl-stub",
                ["object"] = "chat.completion",
                ["created"] = 1700000000,
                ["model"] = model,
                ["system_fingerprint"] = "fp",
                ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["message"] = message, ["finish_reason"] = finish }),
                ["usage"] = new JsonObject { ["prompt_tokens"] = 10, ["completion_tokens"] = 5, ["total_tokens"] = 15 },
            });
            return;
        }
        http.Response.ContentType = "text/event-stream";
        await ChunkAsync(http, new JsonObject { ["role"] = "assistant", ["content"] = "" });
        foreach (string word in text.Split(' '))
            await ChunkAsync(http, new JsonObject { ["content"] = word + (text.EndsWith(word, StringComparison.Ordinal) ? "" : " ") });
        for (int i = 0; i < (toolCalls?.Count ?? 0); i++)
        {
            JsonObject call = (JsonObject)toolCalls![i]!.DeepClone();
            string arguments = call["function"]!["arguments"]!.GetValue<string>();
            call["index"] = i;
            call["function"]!["arguments"] = "";
            await ChunkAsync(http, new JsonObject { ["tool_calls"] = new JsonArray(call) });
            foreach (string piece in (string[])[arguments[..(arguments.Length / 2)], arguments[(arguments.Length / 2)..]])
                await ChunkAsync(http,
                    new JsonObject
                    {
                        ["tool_calls"] =
                        new JsonArray(new JsonObject { ["index"] = i, ["function"] = new JsonObject { ["arguments"] = piece } })
                    });
        }
        await ChunkAsync(http, [], finish);
        await SendAsync(http,
            """{"id":"chatcmpl-stub","object":"chat.completion.chunk","created":1700000000,"model":"m","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}""");
        await SendAsync(http, "[DONE]");
    }

    /// <summary>A tool call as a chat completion has it.</summary>
    public static JsonObject Call(string id, string name, string arguments) =>
        new() { ["id"] = id, ["type"] = "function", ["function"] = new JsonObject { ["name"] = name, ["arguments"] = arguments } };

    public static Task ChunkAsync(HttpContext http, JsonObject delta, string? finish = null) => SendAsync(http, new JsonObject
    {
        ["id"] = "chatcmpl-stub",
        ["object"] = "chat.completion.chunk",
        ["created"] = 1700000000,
        ["model"] = "m",
        ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["delta"] = delta, ["finish_reason"] = finish }),
    }.ToJsonString());

    public static async Task SendAsync(HttpContext http, string data)
    {
        await http.Response.WriteAsync($"data: {data}\n\n");
        await http.Response.Body.FlushAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync(new CancellationToken(true));
        await app.DisposeAsync();
    }
}
