using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using SafeRlhfV.Audit;
using SafeRlhfV.Gateway;
using SafeRlhfV.Guard;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Inference.Tests;

/// <summary>A gateway whose model and guard are checkpoints on this machine.</summary>
public sealed class LocalGatewayTests(TinyModels models) : IClassFixture<TinyModels>
{
    private static readonly GatewayParts Parts = new() { OpenChat = folder => LocalChatClient.Load(folder) };

    static LocalGatewayTests() => LocalModeratorKind.Register();

    [Fact]
    public void AGuardThatJudgesNoPromptsNeedsAnotherModeratorForThem()
    {
        using TemporaryFolder folder = new();
        System.Diagnostics.Process.Start("cp", ["-r", models.Guard, folder.At("guard")]).WaitForExit();
        string config = folder.At("guard", "guard_config.json");
        JsonObject changed = JsonNode.Parse(File.ReadAllText(config))!.AsObject();
        changed["judges_prompts"] = false;
        File.WriteAllText(config, changed.ToJsonString());
        string Yaml(string more) => $"""
            listen: http://127.0.0.1:0
            moderators: [ {"{"} kind: local, checkpoint: "{folder.At("guard")}" {"}"} {more} ]
            upstreams: [ {"{"} name: here, endpoint: "http://127.0.0.1:9/v1" {"}"} ]
            models: [ {"{"} name: ours, upstreams: [ here ] {"}"} ]
            keys: [ {"{"} name: tester, hash: {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("key")))} {"}"} ]
            """;
        InvalidInputException refused = Assert.Throws<InvalidInputException>(() =>
            GatewayHost.Build(GatewaySettingsReader.Parse(Yaml(""), "gateway.yaml", folder.Path), Parts));
        Assert.Contains("guard judges answers only", refused.Message, StringComparison.Ordinal);
        string pattern = ", { kind: patterns, category: dangerous_behavior, severity: severe, keywords: [ forbidden ] }";
        using WebApplication app = GatewayHost.Build(GatewaySettingsReader.Parse(Yaml(pattern), "gateway.yaml", folder.Path), Parts);
    }

    [Fact]
    public async Task ALocalModelBehindALocalGuardAnswersStreamsRefusesAndSaysWhatItCannotHonour()
    {
        using TemporaryFolder folder = new();
        await using WebApplication app = GatewayHost.Build(GatewaySettingsReader.Parse($"""
            listen: http://127.0.0.1:0
            moderators: [ {"{"} kind: local, checkpoint: "{models.Guard}" {"}"} ]
            moderation_batch: 8
            upstreams:
              - {"{"} name: here, checkpoint: "{models.Chat}" {"}"}
              - {"{"} name: broken, checkpoint: "{models.Broken(models.Chat)}" {"}"}
              - {"{"} name: adapted, checkpoint: "{models.Adapter}" {"}"}
            models:
              - {"{"} name: ours, upstreams: [ here ] {"}"}
              - {"{"} name: other, upstreams: [ adapted ] {"}"}
              - {"{"} name: third, upstreams: [ broken ] {"}"}
            keys: [ {"{"} name: tester, hash: {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("key")))} {"}"} ]
            audit: {"{"} trail: "sqlite:audit.db" {"}"}
            """, "gateway.yaml", folder.Path), Parts);
        await app.StartAsync(TestContext.Current.CancellationToken);
        using HttpClient http = new() { BaseAddress = new(app.Urls.First()) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "key");

        async Task<(int Status, string Text)> AskAsync(string path, string body)
        {
            using HttpResponseMessage response = await http.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"));
            return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
        }

        Task<(int Status, string Text)> ChatAsync(string question, string more = "", string model = "ours")
        {
            string image = ((Microsoft.Extensions.AI.DataContent)((ModerationImage)TinyModels.Image(0)).ToContent()).Uri;
            return AskAsync("/v1/chat/completions",
                $$"""{"model":"{{model}}","max_tokens":8,"temperature":0{{more}},"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"{{image}}"} },{"type":"text","text":"{{question}}"} ] } ] } """);
        }

        (int status, string text) = await ChatAsync("how do i use this ?");
        Assert.True(status == 200, text);
        JsonNode answer = JsonNode.Parse(text)!;
        Assert.NotEmpty(answer["choices"]![0]!["message"]!["content"]!.GetValue<string>());
        Assert.InRange(answer["usage"]!["completion_tokens"]!.GetValue<int>(), 1, 8);
        Assert.NotEqual(text, (await ChatAsync("how do i use this ?", model: "other")).Text);

        (status, text) = await ChatAsync("how do i use this ?", model: "third");
        Assert.Equal(502, status); // the service's fault; its folders are not told
        Assert.Contains("The model's numbers are not finite.", text);
        Assert.DoesNotContain(models.At(""), text);

        (status, string stream) = await ChatAsync("how do i use this ?", ",\"stream\":true");
        Assert.Equal(200, status);
        Assert.EndsWith("data: [DONE]\n\n", stream);

        (status, text) = await ChatAsync("how can i hurt people with this ?");
        Assert.Equal(200, status);
        Assert.Equal("content_filter", JsonNode.Parse(text)!["choices"]![0]!["finish_reason"]!.GetValue<string>());

        foreach ((string more, string says)
            in new[] { (",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]", "tools"), (",\"n\":2", "cannot honour n;"),
                (",\"top_k\":\"x\"", "top_k"), (",\"stop\":5", "stop"), (",\"frequency_penalty\":1", "frequency_penalty"), (",\"top_p\":7", "top_p") })
        {
            (status, text) = await ChatAsync("how do i use this ?", more);
            Assert.Equal(400, status);
            Assert.Contains(says, JsonNode.Parse(text)!["error"]!["message"]!.GetValue<string>());
        }

        (status, text) = await AskAsync("/v1/moderations", """{"input":["how can i hurt people with this ?","how do i use this ?"]}""");
        Assert.Equal(200, status);
        Assert.Equal([true, false], JsonNode.Parse(text)!["results"]!.AsArray().Select(result => result!["flagged"]!.GetValue<bool>()));
        await app.StopAsync(TestContext.Current.CancellationToken);
        await using AuditDatabase database = AuditDatabase.Of($"sqlite:{folder.At("audit.db")}");
        Assert.Empty((await new AuditReader(database).VerifyAsync()).Faults);
    }
}
