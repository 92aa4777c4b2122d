using SafeRlhfV.Evaluation;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Cli;

/// <summary>A checkpoint on this machine answers. A question that the model cannot read is an error of its own, not the end.</summary>
internal sealed class LocalAnswers(string folder, string? adapter, LoadOptions load, TextSettings text, AnswerSettings settings, Func<ModelProcessor> processor,
    string variant) : AnswerMaker(settings)
{
    private const string AdapterName = "adapter";

    private readonly ImageReader reader = new();
    private VisionLanguageModel? model;
    private ChatGenerator? generator;
    private (int Repeated, int Shared) told;

    public override string Model => adapter ?? folder;

    public override void Dispose() => model?.Dispose();

    protected override string? Remark()
    {
        if (generator is null) return null;
        (int Repeated, int Shared) before = told;
        told = (generator.RepeatedPromptCount, generator.SharedPromptCount);
        return ModelArguments.SharedImages(generator.Model, told.Repeated - before.Repeated, told.Shared - before.Shared);
    }

    // without drawing, several answers would be one
    protected override int SamplesOf(IBenchmark benchmark) =>
        text.Tokens.Temperature == 0 ? 1 : Math.Max(text.Tokens.Samples, benchmark.Samples);

    protected override IEnumerable<(string Name, object? Value)> Identity() =>
    [
        ("model", Path.GetFullPath(folder)),
        ("adapter", adapter is null ? null : Path.GetFullPath(adapter)),
        ("files", $"{ModelArguments.FilesOf(folder)}{(adapter is null ? "" : $" {ModelArguments.FilesOf(adapter)}")}"),
        ("variant", variant),
        ("maxNewTokens", text.Tokens.MaxNewTokens),
        ("minNewTokens", text.Tokens.MinNewTokens),
        ("temperature", text.Tokens.Temperature),
        ("topK", text.Tokens.TopK),
        ("topP", text.Tokens.TopP),
        ("repetitionPenalty", text.Tokens.RepetitionPenalty),
        ("seed", text.Tokens.Seed),
        ("stop", text.StopStrings),
    ];

    protected override Task<IReadOnlyList<ModelAnswer>> AnswerAsync(IReadOnlyList<BenchmarkItem> items, int samples, CancellationToken cancellationToken)
    {
        ChatGenerator chat = Open();
        (EncodedPrompt? Prompt, string? Error)[] encoded = [.. items.Select(item => Encode(chat.Processor, item))];
        int[] asked = [.. Enumerable.Range(0, items.Count).Where(i => encoded[i].Prompt is not null)];
        // streams are named after the item, so that neither batch nor shard changes an answer
        RandomStream[] streams = [.. asked.SelectMany(i => Enumerable.Range(0, samples)
            .Select(sample => new RandomStream(text.Tokens.Seed, $"bench/{items[i].Id}/{sample}")))];
        TextSettings wanted = text with
        {
            Tokens = text.Tokens with { Samples = samples },
            Adapter = adapter is null ? null : AdapterName,
        };
        ILookup<int, TextCompletion> answers = asked.Length == 0 ? Array.Empty<TextCompletion>().ToLookup(_ => 0)
            : chat.Generate([.. asked.Select(i => encoded[i].Prompt!)], wanted, streams, cancellationToken: cancellationToken)
                .ToLookup(answer => asked[answer.Prompt]);
        return Task.FromResult<IReadOnlyList<ModelAnswer>>([.. items.SelectMany((item, i) => encoded[i].Error is { } error
            ? Enumerable.Range(0, samples).Select(sample => new ModelAnswer(item.Id, sample, item.QuestionText, "", Error: error))
            : answers[i].Select(answer => new ModelAnswer(item.Id, answer.Sample, item.QuestionText, answer.Text, answer.Reasoning,
                answer.Finish switch { FinishReason.Length => "length", FinishReason.Stopped => "stopped", _ => "end-token" }, answer.Ids.Count)))]);
    }

    private ChatGenerator Open()
    {
        if (generator is not null) return generator;
        ModelProcessor read = processor(); // before gigabytes are read
        model = ModelCheckpoint.Load(folder, load);
        if (adapter is not null) model.Adapters.Load(AdapterName, adapter);
        return generator = new ChatGenerator(model, read);
    }

    private (EncodedPrompt?, string?) Encode(ModelProcessor read, BenchmarkItem item)
    {
        try
        {
            ChatTurn asked = new(ChatRole.User, [.. item.Question.Select(part => part.Text is { } words
                ? (ChatPart)new TextPart(words) : new ImagePart(reader.Read(item.Record.Images[part.Image!.Value].Bytes!)))]);
            EncodedPrompt prompt = read.EncodePrompt(Settings.System is null ? [asked] : [ChatTurn.System(Settings.System), asked]);
            return prompt.Ids.Length <= read.Model.MaxTokens ? (prompt, null)
                : (null, $"the prompt has {prompt.Ids.Length} tokens, and the model reads at most {read.Model.MaxTokens}");
        }
        catch (InvalidInputException error)
        {
            return (null, error.Message);
        }
    }
}
