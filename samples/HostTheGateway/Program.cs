// Hosts the gateway in a program of one's own: no torch, so that it runs wherever .NET runs. An argument names the gateway's file, and it serves until Ctrl-C;
// without one it shows itself, before a model that it plays.
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using SafeRlhfV.Audit;
using SafeRlhfV.Gateway;

if (args is [var file])
{
    await using WebApplication served = GatewayHost.Build(GatewaySettingsReader.Load(file));
    await served.RunAsync();
    return 0;
}

// The model: says the same to everybody.
WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.UseUrls("http://127.0.0.1:0");
await using WebApplication model = builder.Build();
model.MapPost("/v1/chat/completions", () => Results.Text("""
    {"id": "1", "object": "chat.completion", "created": 1700000000, "model": "any", "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
     "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Let someone hold the ladder."}}]}
    """, "application/json"));
await model.StartAsync();

string folder = Directory.CreateTempSubdirectory("gateway-sample-").FullName;
(string key, string hash) = GatewayKey.Create();
await using WebApplication gateway = GatewayHost.Build(GatewaySettingsReader.Parse($$"""
    listen: http://127.0.0.1:0
    moderators: [ { kind: patterns, category: dangerous_behavior, severity: severe, keywords: [ saw the ladder ] } ]
    upstreams: [ { name: mine, endpoint: "{{model.Urls.Single()}}/v1" } ]
    models: [ { name: guarded, upstreams: [ mine ] } ]
    keys: [ { name: sample, hash: {{hash}} } ]
    limits: { images: 0 }
    audit: { trail: "sqlite:{{Path.Combine(folder, "audit.db")}}" }
    """));
await gateway.StartAsync();

using HttpClient client = new() { BaseAddress = new Uri(gateway.Urls.Single()) };
client.DefaultRequestHeaders.Authorization = new("Bearer", key);
List<string?> reasons = [];
foreach (string question in (string[])["How do I reach the shelf?", "Shall I saw the ladder?"])
{
    using HttpResponseMessage response = await client.PostAsJsonAsync("/v1/chat/completions",
        new { model = "guarded", messages = new[] { new { role = "user", content = question } } });
    JsonNode choice = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["choices"]![0]!;
    reasons.Add((string?)choice["finish_reason"]);
    Console.WriteLine($"{question} -> {reasons[^1]}, {response.Headers.GetValues("x-guard-outcome").Single()}");
}
await gateway.StopAsync();

await using AuditDatabase database = AuditDatabase.Sqlite(Path.Combine(folder, "audit.db"));
AuditCheck check = await new AuditReader(database).VerifyAsync();
Console.WriteLine($"the audit trail is {(check.IsWhole ? "whole" : "damaged")}");
return reasons is ["stop", "content_filter"] && check.IsWhole ? 0 : 1;
