using SafeRlhfV.Data;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

/// <summary>Of several questions about one image, its tower, its tokens and the words before the question are run once, and no answer changes.</summary>
public sealed class SharedPromptsTests
{
    private static readonly string[] Questions =
    [
        "What is in this image?", "Is it safe?", "Why?", "Where?",
        "How many animals does the image show, and what do they do there? Say it in one short sentence.",
    ];

    public static TheoryData<string, double> Folders()
    {
        TheoryData<string, double> rows = [];
        foreach (string folder in GoldenPrompts.Folders())
            foreach (double temperature in (double[])[0, 1]) rows.Add(Path.GetFileName(folder), temperature);
        return rows;
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void AnswersAreThoseOfQuestionsAskedOneByOne(string name, double temperature)
    {
        string folder = Golden.At("models", name);
        ModelProcessor processor = ModelProcessor.Load(folder);
        using VisionLanguageModel model = ModelCheckpoint.Load(folder, new LoadOptions { Dtype = ScalarType.Float32, RequiresGradient = false });
        // two images by turns, a text without one, and an image of which there is one question alone
        EncodedPrompt[] prompts =
        [
            .. Questions.Select(question => processor.EncodePrompt(question, Image("cat.jpg"), "Be brief.")),
            processor.EncodePrompt("Hello, who are you?", null, "Be kind."),
            .. Questions.Take(3).Select(question => processor.EncodePrompt(question, Image("coffee.png"), "Be brief.")),
            processor.EncodePrompt("Is it safe?", Image("rocket.jpg")),
        ];
        TextSettings settings = new()
        {
            // among few tokens no draw falls so near a border that the last bit decides
            Tokens = temperature > 0 ? new() { Temperature = temperature, TopK = 20, MaxNewTokens = 12, LogProbs = true, Samples = 2 }
                : new() { Temperature = 0, MaxNewTokens = 12, LogProbs = true },
        };
        int samples = settings.Tokens.Samples;
        ChatGenerator sharing = new(model, processor), apart = new(model, processor) { SharesImages = false };
        IReadOnlyList<TextCompletion> together = sharing.Generate(prompts, settings, Streams(0, prompts.Length * samples));
        Assert.Equal((Questions.Length - 1 + 2, Questions.Length - 1 + 2), (sharing.SharedPromptCount, sharing.RepeatedPromptCount));
        for (int row = 0; row < prompts.Length; row++)
        {
            IReadOnlyList<TextCompletion> alone = apart.Generate([prompts[row]], settings, Streams(row * samples, samples));
            for (int sample = 0; sample < samples; sample++)
            {
                TextCompletion shared = together[row * samples + sample];
                Assert.Equal(alone[sample].Ids, shared.Ids);
                Assert.Equal(alone[sample].Text, shared.Text);
                for (int at = 0; at < shared.Ids.Count; at++) Assert.Equal(alone[sample].LogProbs![at], shared.LogProbs![at], 5e-5f);
            }
        }
        Assert.Equal(0, apart.SharedPromptCount);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(40)]
    public void ASlidingWindowCountsTheColumnsOfEachRow(int window)
    {
        string folder = Golden.At("models", "llava-next-tiny-mistral");
        using TemporaryFolder temporary = new();
        foreach (string file in Directory.EnumerateFiles(folder)) File.Copy(file, temporary.At(Path.GetFileName(file)));
        string config = temporary.At("config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"sliding_window\": null", $"\"sliding_window\": {window}", StringComparison.Ordinal));
        using VisionLanguageModel model = ModelCheckpoint.Load(temporary.At(""), new LoadOptions { RequiresGradient = false });
        Assert.Equal(window, model.Decoder.Config.SlidingWindow);
        ModelProcessor processor = ModelProcessor.Load(temporary.At(""));
        EncodedPrompt[] prompts = [.. Questions.Select(question => processor.EncodePrompt(question, Image("cat.jpg")))];
        Same(model, processor, prompts, shared: prompts.Length - 1);
    }

    [Fact]
    public void AnImageBehindTheQuestionIsRunForEach()
    {
        string folder = Golden.At("models", "qwen2.5-vl-tiny");
        using VisionLanguageModel model = ModelCheckpoint.Load(folder, new LoadOptions { RequiresGradient = false });
        ModelProcessor processor = ModelProcessor.Load(folder);
        RgbImage image = Image("cat.jpg");
        EncodedPrompt[] prompts = [.. Questions.Select(question =>
            processor.EncodePrompt([new ChatTurn(ChatRole.User, [new TextPart(question), new ImagePart(image)])]))];
        Same(model, processor, prompts, shared: 0);
    }

    [Fact]
    public void FrequenciesThatDependOnTheLengthAreNotShared()
    {
        string folder = Golden.At("models", "llava-1.5-tiny");
        ModelConfig config = ModelConfig.Load(folder), dynamic = ModelConfig.Load(Golden.At("variants", "configs", "rope-scaling-dynamic"));
        ModelProcessor processor = ModelProcessor.Load(folder);
        EncodedPrompt[] prompts = [.. Questions.Select(question => processor.EncodePrompt(question, Image("cat.jpg")))];
        int longest = prompts.Max(prompt => prompt.Ids.Length);
        using VisionLanguageModel plain = ModelFactory.Create(config, 1), stretched = ModelFactory.Create(dynamic, 1),
            exact = ModelFactory.Create(WithPretrainedLength(dynamic, longest), 1), longer = ModelFactory.Create(WithPretrainedLength(dynamic, longest - 1), 1);
        Assert.Equal((int.MaxValue, 4096), (plain.LongestSharedText, stretched.LongestSharedText));
        // up to the pretraining's length the frequencies are the plain ones
        Same(stretched, processor, prompts, shared: prompts.Length - 1);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        Assert.NotNull(new ChatGenerator(exact, processor).Prepare(prompts).Shared);
        Assert.Null(new ChatGenerator(longer, processor).Prepare(prompts).Shared);
    }

    private static ModelConfig WithPretrainedLength(ModelConfig config, int length) =>
        config with { Text = config.Text with { Rope = config.Text.Rope with { OriginalMaxPositions = length } } };

    private static void Same(VisionLanguageModel model, ModelProcessor processor, EncodedPrompt[] prompts, int shared)
    {
        TextSettings settings = new() { Tokens = new() { Temperature = 0, MaxNewTokens = 8 } };
        ChatGenerator sharing = new(model, processor);
        IReadOnlyList<TextCompletion> together = sharing.Generate(prompts, settings);
        Assert.Equal((shared, prompts.Length - 1), (sharing.SharedPromptCount, sharing.RepeatedPromptCount));
        for (int row = 0; row < prompts.Length; row++)
            Assert.Equal(new ChatGenerator(model, processor).Generate([prompts[row]], settings)[0].Ids, together[row].Ids);
    }

    // decoded anew each time, as rows of a data set are
    private static RgbImage Image(string name) => ImageDecoder.Decode(File.ReadAllBytes(Golden.At("images", name)));

    private static RandomStream[] Streams(int first, int count) =>
        [.. Enumerable.Range(first, count).Select(row => new RandomStream(11, $"row/{row}"))];
}
