using Microsoft.Extensions.AI;

namespace DotnetClients;

/// <summary>Microsoft.Extensions.AI with its own function invocation.</summary>
internal static class ExtensionsAI
{
    public static async Task RunAsync(Checks checks, string name, Func<IChatClient> open)
    {
        using IChatClient chat = open();
        await checks.RunAsync($"{name}: text", async () =>
        {
            ChatResponse answer = await chat.GetResponseAsync("Hello");
            Checks.Equal(Checks.Text, answer.Text);
            Checks.Equal(15, answer.Usage!.TotalTokenCount);
            Checks.Equal(Checks.Text, (await chat.GetStreamingResponseAsync("Hello").ToChatResponseAsync()).Text);
        });
        foreach (bool isStream in (bool[])[false, true])
        {
            await checks.RunAsync($"{name}: tools, {(isStream ? "streamed" : "whole")}", async () =>
            {
                WeatherTool tool = new();
                using IChatClient invoking = open().AsBuilder().UseFunctionInvocation().Build();
                ChatOptions options = new() { Instructions = "Be brief.", Tools = [AIFunctionFactory.Create(tool.Weather, "weather")] };
                ChatResponse answer = isStream
                    ? await invoking.GetStreamingResponseAsync("What is the weather?", options).ToChatResponseAsync()
                    : await invoking.GetResponseAsync("What is the weather?", options);
                Checks.True(answer.Text.EndsWith(Checks.Weather, StringComparison.Ordinal), answer.Text);
                Checks.Equal("Oslo, Rome", tool.Take());
            });
            await checks.RunAsync($"{name}: a refusal, {(isStream ? "streamed" : "whole")}", async () =>
            {
                ChatResponse refused = isStream
                    ? await chat.GetStreamingResponseAsync("a forbidden thing").ToChatResponseAsync()
                    : await chat.GetResponseAsync("a forbidden thing");
                Checks.True(refused.FinishReason == ChatFinishReason.ContentFilter
                    || refused.Messages.SelectMany(message => message.Contents).OfType<ErrorContent>().Any(), "nothing tells that it was refused");
                Checks.True(!refused.Text.Contains(Checks.Text, StringComparison.Ordinal), refused.Text);
            });
        }
        await checks.RunAsync($"{name}: JSON", async () =>
            Checks.Equal("yes", (await chat.GetResponseAsync<Said>("Is it so?")).Result.Answer));
    }

    private sealed record Said(string Answer);
}
