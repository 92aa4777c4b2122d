using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace SafeRlhfV.Training.Tests;

/// <summary>
/// An inference server on loopback around <see cref="FakeEngine"/>. It speaks as vLLM 0.32 does (held to the recordings by <see cref="FakeServerTests"/>) and
/// as SGLang (by its sources). What it does not know it answers with 501, so that nothing is ignored.
/// </summary>
internal abstract class FakeServer : IAsyncDisposable
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly FakeEngine? policy;
    private readonly WebApplication app;
    private int calls;

    /// <param name="policy">What samples; null = it does not.</param>
    protected FakeServer(FakeEngine? policy)
    {
        this.policy = policy;
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        app = builder.Build();
        app.Run(HandleAsync);
        app.StartAsync().GetAwaiter().GetResult();
        Address = app.Urls.First();
    }

    public FakeEngine Engine => policy ?? throw new InvalidOperationException("This server does not sample.");

    public string Address { get; }

    /// <summary>The paths that were asked, in order.</summary>
    public List<string> Asked { get; } = [];

    /// <summary>Spoils the call of this number (from 0): true where it has answered in its own way.</summary>
    public Func<HttpContext, string, JsonObject?, int, Task<bool>> Fault { get; set; } = (_, _, _, _) => Task.FromResult(false);

    /// <summary>Changes a reply before it is sent.</summary>
    public Action<string, JsonObject> Tamper { get; set; } = (_, _) => { };

    /// <summary>Whether the engine has ended.</summary>
    public bool IsDead { get; set; }

    /// <summary>Whether it sleeps: sampling hangs, and it says that it is well.</summary>
    public bool IsAsleep { get; set; }

    /// <summary>Frees what stands behind it.</summary>
    public virtual void Release() => policy?.Dispose();

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync(new CancellationToken(true));
        await app.DisposeAsync();
    }

    public static async Task SendAsync(HttpContext http, int status, JsonNode? body)
    {
        http.Response.StatusCode = status;
        if (body is null) return;
        http.Response.ContentType = "application/json";
        await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(body.ToJsonString(Json)));
    }

    protected abstract Task AnswerAsync(HttpContext http, string path, JsonObject? body);

    protected static Task UnknownAsync(HttpContext http) => SendAsync(http, 501, new JsonObject { ["detail"] = "the fake does not know this" });

    private async Task HandleAsync(HttpContext http)
    {
        string path = http.Request.Path;
        using MemoryStream read = new();
        await http.Request.Body.CopyToAsync(read);
        JsonObject? body = null;
        try
        {
            body = read.Length == 0 ? null : JsonNode.Parse(read.ToArray()) as JsonObject;
        }
        catch (JsonException)
        {
            await UnknownAsync(http);
            return;
        }
        int number = Interlocked.Increment(ref calls) - 1;
        lock (Asked) Asked.Add(path);
        if (await Fault(http, path, body, number)) return;
        await AnswerAsync(http, path, body);
    }
}
