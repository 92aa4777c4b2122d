using SafeRlhfV.Annotation.Tests;
using SafeRlhfV.Inference.Tests;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

[Collection(CapturedConsole.Name)]
public sealed class GuardServiceTests(TinyModels models) : IClassFixture<TinyModels>
{
    // Nothing was judged, so nothing may be called unsafe, and no figure may be printed.
    [Theory]
    [InlineData("check", 0)]
    [InlineData("check", 401)]
    [InlineData("check", 200)]
    [InlineData("evaluate", 0)]
    [InlineData("evaluate", 401)]
    [InlineData("evaluate", 200)]
    [InlineData("regenerate", 0)]
    [InlineData("regenerate", 401)]
    [InlineData("regenerate", 200)]
    public async Task AJudgeThatCannotBeUsedEndsWithOneLine(string verb, int status)
    {
        using TemporaryFolder folder = new();
        await using FakeChatServer server = await FakeChatServer.StartAsync();
        if (status == 0) await server.DisposeAsync();
        else if (status == 401) server.Fault = (http, _, _) => FakeChatServer.ErrorAsync(http, status, "no");
        else server.Reply = _ => "I would rather not say.";
        File.WriteAllLines(folder.At("set.jsonl"),
            Enumerable.Range(0, 12).Select(i => $$"""{"prompt":"question {{i}}","unsafe":{{(i % 2 == 0 ? "true" : "false")}}}"""));
        string[] what = verb switch
        {
            "check" => ["--prompt", "how do i use this ?"],
            "evaluate" => [folder.At("set.jsonl")],
            _ => ["--model", models.Chat, "--prompt", "how do i use this ?", "--max-new-tokens", "4"],
        };
        (int code, string output, string errors) =
            await CapturedConsole.RunAsync(["guard", verb, .. what, "--judge", server.Address, "--judge-model", "judge"]);
        Assert.Equal((1, ""), (code, output));
        string line = Assert.Single(errors.TrimEnd().Split('\n'), line => line.StartsWith("safe-rlhf-v:", StringComparison.Ordinal));
        Assert.Contains(status switch { 0 => "cannot be reached", 401 => "401 Unauthorized", _ => "judged nothing" }, line);
        Assert.DoesNotContain("   at ", errors);
        Assert.DoesNotContain("Exception", errors);
    }

    [Theory]
    [InlineData("--moderations")]
    [InlineData("--endpoint")]
    public async Task ADeadPortOfAModerationsServiceOrAChatModelIsOneLineToo(string option)
    {
        string[] arguments = option == "--endpoint"
            ? ["guard", "regenerate", "--guard", models.Guard, "--model", "m", "--endpoint", "http://127.0.0.1:1/v1", "--prompt", "how do i use this ?"]
            : ["guard", "check", "--moderations", "http://127.0.0.1:1/v1", "--prompt", "how do i use this ?"];
        (int code, string output, string errors) = await CapturedConsole.RunAsync(arguments);
        Assert.Equal((1, ""), (code, output));
        Assert.Contains("http://127.0.0.1:1/v1",
            Assert.Single(errors.TrimEnd().Split('\n'), line => line.StartsWith("safe-rlhf-v:", StringComparison.Ordinal)));
    }
}
