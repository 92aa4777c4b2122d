using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using OpenAI;
using OpenAI.Responses;

namespace DotnetClients;

/// <summary>Semantic Kernel: its own connector, and any chat client of Microsoft.Extensions.AI, which is how it speaks over Responses.</summary>
internal static class Kernels
{
    public static void AddOwn(IKernelBuilder builder, OpenAIClient client) => builder.AddOpenAIChatCompletion("ours", client);

    // Its function invocation takes the last message of what goes on, and a conversation that the service keeps has none: so nothing is kept.
    public static void AddChat(IKernelBuilder builder, IChatClient chat) => builder.Services.AddSingleton(chat.AsBuilder().UseKernelFunctionInvocation()
        .ConfigureOptions(options => options.RawRepresentationFactory = inner =>
            inner.GetService<ResponsesClient>() is null ? null : new CreateResponseOptions { StoredOutputEnabled = false })
        .Build().AsChatCompletionService());

    public static async Task RunAsync(Checks checks, string name, Action<IKernelBuilder> add)
    {
        WeatherTool tool = new();
        IKernelBuilder builder = Kernel.CreateBuilder();
        add(builder);
        Kernel kernel = builder.Build();
        kernel.Plugins.Add(KernelPluginFactory.CreateFromFunctions("tools", [KernelFunctionFactory.CreateFromMethod(tool.Weather, "weather")]));
        IChatCompletionService chat = kernel.GetRequiredService<IChatCompletionService>();
        PromptExecutionSettings settings = new() { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() };
        await checks.RunAsync($"{name}: text", async () =>
        {
            Checks.Equal(Checks.Text, (await chat.GetChatMessageContentAsync(new ChatHistory("Be brief.") { Said("Hello") }, kernel: kernel)).Content);
            string said = "";
            await foreach (StreamingChatMessageContent piece in chat.GetStreamingChatMessageContentsAsync(new ChatHistory { Said("Hello") }, kernel: kernel))
                said += piece.Content;
            Checks.Equal(Checks.Text, said);
        });
        await checks.RunAsync($"{name}: tools", async () =>
        {
            ChatHistory history = [Said("What is the weather?")];
            ChatMessageContent answer = await chat.GetChatMessageContentAsync(history, settings, kernel);
            Checks.True(answer.Content!.EndsWith(Checks.Weather, StringComparison.Ordinal), answer.Content!);
            Checks.Equal("Oslo, Rome", tool.Take());
        });
        await checks.RunAsync($"{name}: tools in a stream", async () =>
        {
            string said = "";
            await foreach (StreamingChatMessageContent piece in chat.GetStreamingChatMessageContentsAsync(
                new ChatHistory { Said("What is the weather?") }, settings, kernel)) said += piece.Content;
            Checks.True(said.EndsWith(Checks.Weather, StringComparison.Ordinal), said);
            Checks.Equal("Oslo, Rome", tool.Take());
        });
        await checks.RunAsync($"{name}: a refusal", async () =>
        {
            ChatMessageContent refused = await chat.GetChatMessageContentAsync(new ChatHistory { Said("a forbidden thing") }, kernel: kernel);
            Checks.True(refused.Content?.Contains(Checks.Text, StringComparison.Ordinal) != true, refused.Content ?? "");
        });
    }

    private static ChatMessageContent Said(string text) => new(AuthorRole.User, text);
}
