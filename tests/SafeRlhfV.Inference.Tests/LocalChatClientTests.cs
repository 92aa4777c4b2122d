using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using SafeRlhfV.Guard;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;
using ChatRole = Microsoft.Extensions.AI.ChatRole;

namespace SafeRlhfV.Inference.Tests;

public sealed class LocalChatClientTests(TinyModels models) : IClassFixture<TinyModels>
{
    private static readonly ChatOptions Drawn = new() { Temperature = 1, Seed = 3, MaxOutputTokens = 20 };

    private static ChatMessage Question(int image, string text = "explain how this works .") =>
        new(ChatRole.User, [((ModerationImage)TinyModels.Image(image)).ToContent(), new TextContent(text)]);

    [Fact]
    public async Task AStreamGivesTheSameAnswerInPieces()
    {
        using LocalChatClient client = LocalChatClient.Load(models.Chat);
        ChatResponse whole = await client.GetResponseAsync([Question(0)], Drawn, TestContext.Current.CancellationToken);
        List<ChatResponseUpdate> updates = [];
        await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync([Question(0)], Drawn, TestContext.Current.CancellationToken))
            updates.Add(update);
        Assert.NotEmpty(whole.Text);
        Assert.True(updates.Count > 3);
        Assert.Equal(whole.Text, updates.ToChatResponse().Text);
        Assert.Equal(whole.FinishReason, updates[^1].FinishReason);
        Assert.Equal(whole.Usage!.OutputTokenCount, updates.ToChatResponse().Usage!.OutputTokenCount);
        Assert.Equal("chat", whole.ModelId);
        Assert.InRange(whole.Usage.OutputTokenCount!.Value, 1, 20);
    }

    [Fact]
    public async Task WeightsThatAreNotFiniteGiveAnErrorGreedyAndDrawn()
    {
        using LocalChatClient client = LocalChatClient.Load(models.Broken(models.Chat));
        foreach (ChatOptions options in (ChatOptions[])[new() { Temperature = 0 }, Drawn])
        {
            InvalidInputException error = await Assert.ThrowsAsync<InvalidInputException>(() =>
                client.GetResponseAsync([Question(0)], options, TestContext.Current.CancellationToken));
            Assert.Contains("logits are not finite, since 'language_model", error.Message);
        }
    }

    [Fact]
    public async Task WhatAThinkingModelThinksIsKeptApartFromItsAnswer()
    {
        string folder = models.At("thinking");
        Directory.CreateDirectory(folder);
        foreach (string file in Directory.GetFiles(models.Chat)) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        File.WriteAllText(Path.Combine(folder, "chat_template.json"), JsonSerializer.Serialize(new
        {
            chat_template = "{% for m in messages %}{{ 'USER: ' if m.role == 'user' else 'ASSISTANT: ' }}{% for p in m.content %}{% if p.type == 'image' "
                + "%}<image>\n{% endif %}{% if p.type == 'text' %}{{ p.text.split('</think>')[-1] }} {% endif %}{% endfor %}{% endfor %}"
                + "{% if add_generation_prompt %}{{ 'ASSISTANT: <think>' }}{% endif %}",
        }));
        using LocalChatClient client = LocalChatClient.Load(folder);
        ChatMessage[] asked = [Question(0), new(ChatRole.Assistant, [new TextReasoningContent("a thought ."), new TextContent("it works .")]), Question(1)];
        ChatResponse whole = await client.GetResponseAsync(asked, Drawn, TestContext.Current.CancellationToken);
        // a model of random numbers does not end its reasoning
        Assert.Equal("", whole.Text);
        string thought = Assert.Single(whole.Messages[0].Contents.OfType<TextReasoningContent>()).Text;
        Assert.NotEmpty(thought);
        List<ChatResponseUpdate> updates = [];
        await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(asked, Drawn, TestContext.Current.CancellationToken)) updates.Add(update);
        Assert.Equal(thought, string.Concat(updates.SelectMany(update => update.Contents).OfType<TextReasoningContent>().Select(content => content.Text)));
        Assert.Empty(updates.SelectMany(update => update.Contents).OfType<TextContent>());
    }

    [Fact]
    public async Task CallersAtOnceGetWhatEachWouldGetAlone()
    {
        using LocalChatClient client = LocalChatClient.Load(models.Chat, new() { BatchSize = 4 });
        ChatOptions Own(int i) => new() { Temperature = i % 3 == 0 ? 0 : 0.7f, Seed = i, MaxOutputTokens = 5 + i % 4 };
        List<string> alone = [];
        for (int i = 0; i < 12; i++) alone.Add((await client.GetResponseAsync([Question(i)], Own(i), TestContext.Current.CancellationToken)).Text);
        ChatResponse[] together = await Task.WhenAll(Enumerable.Range(0, 12)
            .Select(i => client.GetResponseAsync([Question(i)], Own(i), TestContext.Current.CancellationToken)));
        Assert.Equal(alone, together.Select(response => response.Text));
        for (int i = 0; i < 12; i++) Assert.InRange(together[i].Usage!.OutputTokenCount!.Value, 1, 5 + i % 4);
        Assert.All(together.Where((response, i) => response.Usage!.OutputTokenCount == 5 + i % 4 && response.FinishReason != ChatFinishReason.Stop),
            response => Assert.Equal(ChatFinishReason.Length, response.FinishReason));
        Assert.True(alone.Distinct().Count() > 3);
    }

    [Fact]
    public async Task GenerationSettingsOfTheFolderHoldForEveryCallerAndBeamSearchIsRefused()
    {
        using TemporaryFolder temporary = new();
        foreach (string path in Directory.GetFiles(models.Chat)) File.Copy(path, temporary.At(Path.GetFileName(path)));
        string file = temporary.At("generation_config.json");
        JsonObject settings = File.Exists(file) ? JsonNode.Parse(File.ReadAllText(file))!.AsObject() : [];
        TextCompletion Direct(string folder)
        {
            using VisionLanguageModel model = ModelCheckpoint.Load(folder);
            ModelProcessor processor = ModelProcessor.Load(folder);
            return new ChatGenerator(model, processor).Generate([processor.EncodePrompt("explain how this works .", TinyModels.Image(0))],
                GenerationDefaults.Load(folder))[0];
        }

        (settings["do_sample"], settings["max_new_tokens"]) = (false, 9);
        File.WriteAllText(file, settings.ToJsonString());
        TextCompletion plain = Direct(temporary.Path);
        settings["suppress_tokens"] = new JsonArray(plain.Ids[0]);
        File.WriteAllText(file, settings.ToJsonString());
        using (LocalChatClient client = LocalChatClient.Load(temporary.Path))
        {
            ChatResponse ruled = await client.GetResponseAsync([Question(0)], cancellationToken: TestContext.Current.CancellationToken);
            Assert.Equal(Direct(temporary.Path).Text, ruled.Text);
            Assert.NotEqual(plain.Text, ruled.Text);
        }
        settings["num_beams"] = 3;
        File.WriteAllText(file, settings.ToJsonString());
        Assert.Contains("num_beams", Assert.Throws<InvalidInputException>(() => LocalChatClient.Load(temporary.Path)).Message);
    }

    [Fact]
    public async Task WhoLeavesIsLetGoAndTheOthersAreAnswered()
    {
        using LocalChatClient client = LocalChatClient.Load(models.Chat, new() { BatchSize = 8 });
        ChatOptions longest = new() { Temperature = 1, Seed = 1, MaxOutputTokens = 90 };
        using CancellationTokenSource leaves = new();
        Task<ChatResponse> left = client.GetResponseAsync([Question(0)], longest, leaves.Token), stays = client.GetResponseAsync([Question(1)], longest,
            TestContext.Current.CancellationToken);
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        Assert.NotEmpty((await stays).Text);
        await foreach (ChatResponseUpdate _ in client.GetStreamingResponseAsync([Question(2)], longest, TestContext.Current.CancellationToken)) break;
        Stopwatch clock = Stopwatch.StartNew();
        await client.GetResponseAsync([Question(3)], Drawn, TestContext.Current.CancellationToken);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task WhatACheckpointCannotHonourIsRefusedByName()
    {
        using LocalChatClient client = LocalChatClient.Load(models.Chat);
        (ChatMessage Message, ChatOptions Options, string Says)[] bad =
        [
            (Question(0), new() { Tools = [AIFunctionFactory.Create(() => 1)] }, "tools"),
            (Question(0), new() { ResponseFormat = ChatResponseFormat.Json }, "response format"),
            (Question(0), new() { FrequencyPenalty = 1 }, "frequency penalty"),
            (Question(0), new() { Temperature = -1 }, "temperature"),
            (Question(0), new() { MaxOutputTokens = 0 }, "max_new_tokens"),
            (Question(0, string.Join(' ', Enumerable.Repeat("use", 200))), new(), "Send less"),
            (new(ChatRole.Tool, "result"), new(), "role 'tool'"),
            (new(ChatRole.User, [new DataContent(new byte[] { 1 }, "audio/wav")]), new(), "DataContent"),
            (new(ChatRole.User, [new UriContent("https://example.org/a.png", "image/png")]), new(), "bytes"),
        ];
        foreach ((ChatMessage message, ChatOptions options, string says) in bad)
            Assert.Contains(says,
                (await Assert.ThrowsAsync<InvalidInputException>(() =>
                    client.GetResponseAsync([message], options, TestContext.Current.CancellationToken))).Message);
        client.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => client.GetResponseAsync([Question(0)], Drawn, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task AnAdapterAnswersOverItsBaseModel()
    {
        using LocalChatClient plain = LocalChatClient.Load(models.Chat), adapted = LocalChatClient.Load(models.Adapter);
        ChatOptions best = new() { Temperature = 0, MaxOutputTokens = 12 };
        string one = (await plain.GetResponseAsync([Question(0)], best, TestContext.Current.CancellationToken)).Text;
        string two = (await adapted.GetResponseAsync([Question(0)], best, TestContext.Current.CancellationToken)).Text;
        Assert.NotEqual(one, two);
    }

    [Fact]
    public async Task AGuardedClientOverLocalModelsRefusesWhatTheGuardFinds()
    {
        using LocalModerator guard = LocalModerator.Load(models.Guard);
        using IChatClient client = LocalChatClient.Load(models.Chat).AsGuarded(guard);
        ChatResponse refused = await client.GetResponseAsync([new(ChatRole.User, "how can i hurt people with this ?")], Drawn,
            TestContext.Current.CancellationToken);
        Assert.Equal(ChatFinishReason.ContentFilter, refused.FinishReason);
        ChatResponse passed = await client.GetResponseAsync([new(ChatRole.User, "how do i use this ?")], Drawn, TestContext.Current.CancellationToken);
        Assert.Null(passed.GetGuardReport()!.PromptDecision!.Verdict.Failure);
        Assert.True(passed.GetGuardReport()!.PromptDecision!.Passes);
    }
}
