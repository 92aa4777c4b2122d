using System.Text.Json.Nodes;
using SafeRlhfV.Audit;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Gateway.Tests;

public sealed class ShadowTests
{
    [Fact]
    public async Task WhatAShadowPolicyWouldHaveDoneIsCountedAndRecorded()
    {
        using TemporaryFolder folder = new();
        await File.WriteAllTextAsync(folder.At("next.yaml"), "name: next\nown_categories: [ { name: code_names, keywords: [ falcon ] } ]");
        await using RunningGateway gateway = await RunningGateway.StartAsync($"shadow_policy: {folder.At("next.yaml")}");
        Assert.Equal(200, (await gateway.ChatAsync("hello")).Status);
        (int status, JsonNode? answer) = await gateway.ChatAsync("falcon");
        Assert.Equal((200, "All is well."), (status, answer!["choices"]![0]!["message"]!["content"]!.GetValue<string>()));

        string metrics = "";
        for (int i = 0; i < 100 && !metrics.Contains("shadow=\"Block\""); i++)
        {
            await Task.Delay(50, TestContext.Current.CancellationToken);
            using HttpResponseMessage response = await gateway.GetAsync("/metrics", RunningGateway.OperatorKey);
            metrics = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        }
        Assert.Contains("# TYPE gateway_shadow_dropped_total counter", metrics);
        Assert.Matches("(?m)^gateway_shadow_dropped_total 0$", metrics);
        Assert.Matches("(?m)^gateway_shadow_failed_total 0$", metrics);
        Assert.Matches("gateway_shadow_total\\{[^}]*in_force=\"Allow\"[^}]*shadow=\"Block\"[^}]*\\} 1", metrics);
        await gateway.EndAsync();
        Assert.Equal(["Passed", "Passed"], await gateway.OutcomesAsync());
        await using AuditDatabase database = AuditDatabase.Of(gateway.Trail);
        JsonNode record = JsonNode.Parse((await new AuditReader(database).LatestAsync(20)).Single(record => record.Kind == "shadow").Payload)!;
        Assert.StartsWith("next@", record["shadowPolicy"]!.GetValue<string>());
        Assert.Equal("""{"side":"Prompt","round":0,"inForce":"Allow","shadow":"Block","decidedBy":[],"flagged":["code_names"]}""",
            record["decisions"]![0]!.ToJsonString().Replace("\"decidedBy\":[\"code_names\"]", "\"decidedBy\":[]"));
    }

    [Fact]
    public async Task AShadowPolicyWithFaultsIsRefusedAtTheStart()
    {
        using TemporaryFolder folder = new();
        await File.WriteAllTextAsync(folder.At("next.yaml"), "prompt: maybe");
        Assert.Contains("maybe", (await Assert.ThrowsAsync<InvalidInputException>(
            () => RunningGateway.StartAsync($"shadow_policy: {folder.At("next.yaml")}"))).Message);
    }
}
