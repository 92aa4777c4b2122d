using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using SafeRlhfV.Gateway;

namespace SafeRlhfV.Registry.Tests;

[Collection(CommandLine.Name)]
public sealed class ModeratorTests
{
    [Fact]
    public void TheGuardVerbsHaveItsOption()
    {
        Assert.Contains("--shout", CommandLine.Run("guard", "check", "--help"));
        (int code, string output, _) = CommandLine.Try("guard", "check", "--shout", "4", "--prompt", "please STOP it", "--json");
        Assert.Equal(1, code);
        using JsonDocument said = JsonDocument.Parse(output);
        Assert.Contains("4 capital letters", said.RootElement.GetProperty("verdict").GetProperty("reason").GetString());
        Assert.Equal(0, CommandLine.Try("guard", "check", "--shout", "5", "--prompt", "please STOP it").Code);
    }

    [Fact]
    public void ItsSettingsAreCheckedOnTheCommandLineAndInTheGatewaysFile()
    {
        Assert.Contains("--shout has 1 fault: limit: '1' must be a whole number from 2 to 100",
            CommandLine.Try("guard", "check", "--shout", "1", "--prompt", "a").Errors);
        // in the order in which they were added, which is another one where this test runs first
        string all = CommandLine.Try("guard", "check", "--prompt", "a").Errors;
        Assert.All((string[])["name one guard: ", "--guard FOLDER", "--shout LETTERS", "--moderations ADDRESS", "--judge ADDRESS"],
            choice => Assert.Contains(choice, all));
        string message = Assert.Throws<InvalidInputException>(() =>
            GatewaySettingsReader.Parse("moderators:\n  - { kind: shout }\n  - { kind: whisper }\n")).Message;
        Assert.Contains("line 2: moderators[0].limit: is missing", message);
        Assert.Contains("line 3: moderators[1].kind: 'whisper' must be one of patterns, openai, judge", message);
    }

    [Fact]
    public async Task AGatewayAsksIt()
    {
        (string key, string hash) = GatewayKey.Create();
        GatewaySettings settings = GatewaySettingsReader.Parse($$"""
            listen: http://127.0.0.1:0
            moderators: [ { kind: shout, limit: 4 } ]
            upstreams: [ { name: nowhere, endpoint: "http://127.0.0.1:1/v1" } ]
            models: [ { name: m, upstreams: [ nowhere ] } ]
            keys: [ { name: test, hash: {{hash}} } ]
            """);
        await using WebApplication app = GatewayHost.Build(settings);
        await app.StartAsync(TestContext.Current.CancellationToken);
        using HttpClient client = new() { BaseAddress = new Uri(app.Urls.First()) };
        client.DefaultRequestHeaders.Authorization = new("Bearer", key);
        async Task<bool> Flagged(string text)
        {
            using HttpResponseMessage answer = await client.PostAsJsonAsync("/v1/moderations", new { input = text }, TestContext.Current.CancellationToken);
            using JsonDocument said = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
            return said.RootElement.GetProperty("results")[0].GetProperty("flagged").GetBoolean();
        }

        Assert.True(await Flagged("please STOP it"));
        Assert.False(await Flagged("please stop it"));
    }
}
