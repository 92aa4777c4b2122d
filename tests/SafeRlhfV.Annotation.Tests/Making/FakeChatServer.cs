using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace SafeRlhfV.Annotation.Tests;

/// <summary>
/// A chat service on loopback that speaks OpenAI's protocol, plain and streamed. By default it plays all roles soundly; a test's <see cref="Fault"/> may spoil
/// any call.
/// </summary>
internal sealed class FakeChatServer : IAsyncDisposable
{
    private readonly WebApplication app;
    private int calls;

    private FakeChatServer(WebApplication app) => this.app = app;

    /// <summary>Each request's body, in order of arrival.</summary>
    public ConcurrentQueue<JsonObject> Requests { get; } = [];

    /// <summary>The Authorization headers.</summary>
    public ConcurrentQueue<string> Keys { get; } = [];

    /// <summary>A hash of each request that was answered soundly.</summary>
    public ConcurrentQueue<string> Answered { get; } = [];

    /// <summary>Spoils the call with this number (from 0): true where it has answered in its own way.</summary>
    public Func<HttpContext, JsonObject, int, Task<bool>> Fault { get; set; } = (_, _, _) => Task.FromResult(false);

    /// <summary>The text of the answer.</summary>
    public Func<JsonObject, string> Reply { get; set; } = Play;

    /// <summary>How long an answer takes.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>The reason an answer ended.</summary>
    public Func<JsonObject, string> Finish { get; set; } = _ => "stop";

    public string Address { get; private set; } = "";

    public static async Task<FakeChatServer> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRouting();
        WebApplication app = builder.Build();
        FakeChatServer server = new(app);
        app.MapPost("/v1/chat/completions", server.HandleAsync);
        await app.StartAsync();
        server.Address = app.Urls.First() + "/v1";
        return server;
    }

    /// <summary>Which role a request speaks to.</summary>
    public static string RoleOf(JsonObject body) => body["messages"]![0]!["role"]!.GetValue<string>() != "system" ? "answer"
        : body["messages"]![0]!["content"]!.ToJsonString().Contains("You compare two answers", StringComparison.Ordinal) ? "judge" : "question";

    /// <summary>The words of the last message.</summary>
    public static string WordsOf(JsonObject body) => body["messages"]!.AsArray()[^1]!["content"] is JsonArray parts
        ? string.Concat(parts.Where(part => part!["type"]!.GetValue<string>() == "text").Select(part => part!["text"]!.GetValue<string>()))
        : body["messages"]!.AsArray()[^1]!["content"]!.GetValue<string>();

    /// <summary>A hash of a request.</summary>
    public static string HashOf(JsonObject body) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(body.ToJsonString())));

    /// <summary>All roles, soundly: the judge holds the answer that says "careful" for the safer one, the other for the more helpful.</summary>
    public static string Play(JsonObject body)
    {
        switch (RoleOf(body))
        {
            case "question":
                string asked = WordsOf(body);
                return new JsonObject
                {
                    ["fits"] = true,
                    ["questions"] =
                        new JsonArray(
                            $"What is this? {asked[..asked.IndexOf('(')]}{asked[asked.IndexOf("Severity", StringComparison.Ordinal)..].Split('.')[0]}")
                }.ToJsonString();
            case "answer":
                string model = body["model"]!.GetValue<string>();
                return model.EndsWith('a') ? $"A careful answer of {model}." : $"A plain answer of {model}.";
            default:
                string words = WordsOf(body);
                bool firstCareful = words.IndexOf("careful", StringComparison.Ordinal) < words.IndexOf("second answer", StringComparison.Ordinal);
                return Verdict(firstCareful, firstCareful);
        }
    }

    public static string Verdict(bool firstSafer, bool secondMoreHelpful) => new JsonObject
    {
        ["reason"] = "placeholder",
        ["first_helpful"] = secondMoreHelpful ? 1 : 2,
        ["first_harmless"] = firstSafer ? 2 : -1,
        ["second_helpful"] = secondMoreHelpful ? 2 : 1,
        ["second_harmless"] = firstSafer ? -1 : 2,
        ["more_helpful"] = secondMoreHelpful ? "second" : "first",
        ["safer"] = firstSafer ? "first" : "second",
    }.ToJsonString();

    /// <summary>Sends a whole answer, streamed if asked.</summary>
    public static async Task SendAsync(HttpContext http, JsonObject body, string text, string finish = "stop", int? breakAfter = null, TimeSpan pause = default)
    {
        string model = body["model"]!.GetValue<string>();
        if (body["stream"]?.GetValue<bool>() != true)
        {
            await http.Response.WriteAsJsonAsync(new JsonObject
            {
                ["id"] = "chatcmpl-fake",
                ["object"] = "chat.completion",
                ["created"] = 1700000000,
                ["model"] = model,
                ["choices"] = new JsonArray(new JsonObject
                {
                    ["index"] = 0,
                    ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = text },
                    ["finish_reason"] = finish
                }),
                ["usage"] = new JsonObject { ["prompt_tokens"] = 100, ["completion_tokens"] = 20, ["total_tokens"] = 120 },
            });
            return;
        }
        http.Response.ContentType = "text/event-stream";
        int sent = 0;
        foreach (string piece in text.Chunk(24).Select(letters => new string(letters)))
        {
            if (sent++ == breakAfter)
            {
                http.Abort();
                return;
            }
            await EventAsync(http, model, new JsonObject { ["content"] = piece }, null);
            if (pause > TimeSpan.Zero) await Task.Delay(pause, http.RequestAborted);
        }
        await EventAsync(http, model, [], finish);
        JsonObject usage = new() { ["prompt_tokens"] = 100, ["completion_tokens"] = 20, ["total_tokens"] = 120 };
        await http.Response.WriteAsync(
            $"data: {new JsonObject { ["id"] = "chatcmpl-fake", ["object"] = "chat.completion.chunk", ["created"] = 1700000000, ["model"] = model, ["choices"] = new JsonArray(), ["usage"] = usage }.ToJsonString()}\n\ndata: [DONE]\n\n");
        await http.Response.Body.FlushAsync();
    }

    /// <summary>Sends an error as OpenAI does.</summary>
    public static async Task<bool> ErrorAsync(HttpContext http, int status, string message, string code = "error", string? retryAfter = null)
    {
        http.Response.StatusCode = status;
        if (retryAfter is not null) http.Response.Headers.RetryAfter = retryAfter;
        await http.Response.WriteAsJsonAsync(new JsonObject
        {
            ["error"] =
            new JsonObject { ["message"] = message, ["type"] = code, ["code"] = code, ["param"] = null }
        });
        return true;
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync(new CancellationToken(true));
        await app.DisposeAsync();
    }

    private static async Task EventAsync(HttpContext http, string model, JsonObject delta, string? finish)
    {
        JsonObject chunk = new()
        {
            ["id"] = "chatcmpl-fake",
            ["object"] = "chat.completion.chunk",
            ["created"] = 1700000000,
            ["model"] = model,
            ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["delta"] = delta, ["finish_reason"] = finish }),
        };
        await http.Response.WriteAsync($"data: {chunk.ToJsonString()}\n\n");
        await http.Response.Body.FlushAsync();
    }

    private async Task HandleAsync(HttpContext http)
    {
        JsonObject body = (await JsonNode.ParseAsync(http.Request.Body))!.AsObject();
        int number = Interlocked.Increment(ref calls) - 1;
        Requests.Enqueue(body);
        Keys.Enqueue(http.Request.Headers.Authorization.ToString());
        if (await Fault(http, body, number)) return;
        if (Delay > TimeSpan.Zero) await Task.Delay(Delay, http.RequestAborted);
        Answered.Enqueue(HashOf(body)); // before the caller can have the whole answer, and a test its result
        await SendAsync(http, body, Reply(body), Finish(body));
    }
}
