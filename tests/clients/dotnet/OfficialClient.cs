using System.ClientModel;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Embeddings;
using OpenAI.Responses;

namespace DotnetClients;

/// <summary>The NuGet package OpenAI over both of its interfaces.</summary>
internal static class OfficialClient
{
    public static async Task RunAsync(Checks checks, OpenAIClient client)
    {
        ChatClient chat = client.GetChatClient("ours");
        await checks.RunAsync("OpenAI: chat", async () =>
        {
            ChatCompletion whole = await chat.CompleteChatAsync("Hello");
            Checks.Equal(Checks.Text, whole.Content[0].Text);
            Checks.Equal(15, whole.Usage.TotalTokenCount);
            string said = "";
            await foreach (StreamingChatCompletionUpdate update in chat.CompleteChatStreamingAsync("Hello"))
                said += string.Concat(update.ContentUpdate.Select(part => part.Text));
            Checks.Equal(Checks.Text, said);
        });
        await checks.RunAsync("OpenAI: a refused chat", async () =>
        {
            ChatCompletion refused = await chat.CompleteChatAsync("a forbidden thing");
            Checks.Equal(ChatFinishReason.ContentFilter, refused.FinishReason);
            Checks.True(refused.Refusal.Length > 0, "no refusal");
        });
        await checks.RunAsync("OpenAI: embeddings", async () =>
        {
            OpenAIEmbeddingCollection answer = await client.GetEmbeddingClient("ours").GenerateEmbeddingsAsync(["one", "two"]);
            Checks.Equal("1 2, 1 2", string.Join(", ", answer.Select(one => string.Join(' ', one.ToFloats().ToArray()))));
        });
        ResponsesClient responses = client.GetResponsesClient();
        await checks.RunAsync("OpenAI: a response, and what goes on from it", async () =>
        {
            ResponseResult first = await responses.CreateResponseAsync(Ask("Hello"));
            Checks.Equal(Checks.Text, first.GetOutputText());
            CreateResponseOptions more = Ask("More");
            more.PreviousResponseId = first.Id;
            Checks.Equal(Checks.Text, ((ResponseResult)await responses.CreateResponseAsync(more)).GetOutputText());
            more.PreviousResponseId = "resp_unknown";
            try
            {
                await responses.CreateResponseAsync(more);
                Checks.True(false, "an unknown response was found");
            }
            catch (ClientResultException error)
            {
                Checks.Equal(400, error.Status);
            }
        });
        await checks.RunAsync("OpenAI: a streamed response", async () =>
        {
            CreateResponseOptions ask = Ask("Hello");
            ask.StreamingEnabled = true;
            string said = "";
            await foreach (StreamingResponseUpdate update in responses.CreateResponseStreamingAsync(ask))
                if (update is StreamingResponseOutputTextDeltaUpdate delta) said += delta.Delta;
            Checks.Equal(Checks.Text, said);
        });
        await checks.RunAsync("OpenAI: a refused response", async () =>
        {
            ResponseResult refused = await responses.CreateResponseAsync(Ask("a forbidden thing"));
            Checks.Equal(ResponseContentPartKind.Refusal, ((MessageResponseItem)refused.OutputItems[0]).Content[0].Kind);
        });
    }

    private static CreateResponseOptions Ask(string text) => new() { Model = "ours", InputItems = { ResponseItem.CreateUserMessageItem(text) } };
}
