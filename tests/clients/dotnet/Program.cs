using System.ClientModel;
using System.ClientModel.Primitives;
using DotnetClients;
using Microsoft.Extensions.AI;
using OpenAI;

// Clients of .NET against a running gateway: DotnetClients BASE-URL KEY
OpenAIClient client = new(new ApiKeyCredential(args[1]), new() { Endpoint = new(args[0] + "/v1"), RetryPolicy = new ClientRetryPolicy(0) });
Checks checks = new();
await OfficialClient.RunAsync(checks, client);
foreach ((string wire, Func<IChatClient> open) in new (string, Func<IChatClient>)[]
{
    ("Chat Completions", () => client.GetChatClient("ours").AsIChatClient()),
    ("Responses", () => client.GetResponsesClient().AsIChatClient("ours")),
})
{
    await ExtensionsAI.RunAsync(checks, $"Microsoft.Extensions.AI over {wire}", open);
    await AgentFramework.RunAsync(checks, $"Microsoft.Agents.AI over {wire}", open);
    await Kernels.RunAsync(checks, $"Semantic Kernel over {wire}", builder => Kernels.AddChat(builder, open()));
}
await Kernels.RunAsync(checks, "Semantic Kernel's own connector", builder => Kernels.AddOwn(builder, client));
return checks.End("dotnet");
