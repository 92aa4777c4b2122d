using Microsoft.Agents.AI;
using Microsoft.Extensions.AI;

namespace DotnetClients;

/// <summary>Agents of Microsoft.Agents.AI, whose sessions hold the conversation, or the name of the last response.</summary>
internal static class AgentFramework
{
    public static async Task RunAsync(Checks checks, string name, Func<IChatClient> open)
    {
        WeatherTool tool = new();
        ChatClientAgent agent = new(open(), "Be brief.", "helper", tools: [AIFunctionFactory.Create(tool.Weather, "weather")]);
        await checks.RunAsync($"{name}: a run with tools", async () =>
        {
            AgentSession session = await agent.CreateSessionAsync();
            Checks.Equal(Checks.Text, (await agent.RunAsync("Hello", session)).Text);
            Checks.True((await agent.RunAsync("What is the weather?", session)).Text.EndsWith(Checks.Weather, StringComparison.Ordinal), "no weather");
            Checks.Equal("Oslo, Rome", tool.Take());
        });
        await checks.RunAsync($"{name}: a streamed run with tools", async () =>
        {
            AgentSession session = await agent.CreateSessionAsync();
            string said = "";
            await foreach (AgentResponseUpdate update in agent.RunStreamingAsync("What is the weather?", session)) said += update.Text;
            Checks.True(said.EndsWith(Checks.Weather, StringComparison.Ordinal), said);
            Checks.Equal("Oslo, Rome", tool.Take());
        });

        // A refused turn does not block the session.
        await checks.RunAsync($"{name}: a session goes on after a refusal", async () =>
        {
            AgentSession session = await agent.CreateSessionAsync();
            Checks.True(!(await agent.RunAsync("a forbidden thing", session)).Text.Contains(Checks.Text, StringComparison.Ordinal), "not refused");
            Checks.Equal(Checks.Text, (await agent.RunAsync("Hello", session)).Text);
        });
    }
}
