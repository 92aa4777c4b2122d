using Microsoft.Extensions.AI;
using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Cli;

/// <summary>
/// A model of an OpenAI-compatible service answers. A question that it refuses for itself, such as by a content filter, is an error of its own; a service that
/// cannot be used ends the run.
/// </summary>
internal sealed class ServiceAnswers(Func<IChatClient> open, string identity, ChatOptions options, AnswerSettings settings) : AnswerMaker(settings)
{
    private IChatClient? client;

    public override string Model => identity;

    public override void Dispose() => client?.Dispose();

    protected override int SamplesOf(IBenchmark benchmark) => options.Temperature is null or 0 ? 1 : benchmark.Samples;

    protected override IEnumerable<(string Name, object? Value)> Identity() =>
    [
        ("model", identity), ("maxNewTokens", options.MaxOutputTokens), ("temperature", options.Temperature), ("topK", options.TopK),
        ("topP", options.TopP), ("seed", options.Seed), ("stop", options.StopSequences),
    ];

    protected override async Task<IReadOnlyList<ModelAnswer>> AnswerAsync(IReadOnlyList<BenchmarkItem> items, int samples, CancellationToken cancellationToken)
    {
        client ??= open();
        ModelAnswer[] answers = new ModelAnswer[items.Count * samples];
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = Settings.AtOnce, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, answers.Length, parallel, async (i, stop) => answers[i] = await AnswerAsync(items[i / samples], i % samples, stop));
        return answers;
    }

    private async Task<ModelAnswer> AnswerAsync(BenchmarkItem item, int sample, CancellationToken cancellationToken)
    {
        ModelAnswer none = new(item.Id, sample, item.QuestionText, "");
        List<AIContent> contents = [];
        foreach (Data.MessagePart part in item.Question)
            if (part.Text is { } text) contents.Add(new TextContent(text));
            else if (ChatPairwiseJudge.ImageOf(item.Record.Images[part.Image!.Value]) is { } image) contents.Add(image);
            else return none with { Error = "its image is no PNG, JPEG, WebP or GIF, which services take" };
        ChatMessage asked = new(ChatRole.User, contents);
        ChatOptions own = options.Clone();
        if (options.Seed is { } seed) own.Seed = (long)(new RandomStream(seed, $"bench/{item.Id}/{sample}").NextUInt64() >> 1);
        try
        {
            ChatResponse response = await client!.GetResponseAsync(
                Settings.System is null ? [asked] : [new ChatMessage(ChatRole.System, Settings.System), asked], own, cancellationToken);
            string reasoning = string.Concat(response.Messages.SelectMany(message => message.Contents).OfType<TextReasoningContent>().Select(one => one.Text));
            return none with
            {
                Response = response.Text,
                Reasoning = reasoning.Length > 0 ? reasoning : null,
                Finish = response.FinishReason is { } finish ? finish == ChatFinishReason.Length ? "length" : finish == ChatFinishReason.Stop ? "end-token"
                    : finish.Value : null,
                Tokens = (int?)response.Usage?.OutputTokenCount,
            };
        }
        catch (Exception error) when (error is not (ServiceException or OperationCanceledException or InvalidInputException)
            || cancellationToken.IsCancellationRequested)
        {
            cancellationToken.ThrowIfCancellationRequested(); // whatever a cancelled call fails with
            return none with { Error = ErrorText.FirstLine(error) };
        }
    }
}
