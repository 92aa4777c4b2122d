using System.Text.Json.Nodes;
using SafeRlhfV.Data;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Bench;

/// <summary>
/// Five questions about each of two images (576 image tokens, as LLaVA-1.5 has), from the files' bytes to 8 tokens of answer: one by one, in one batch of which
/// each question is run whole, and in one batch with the images' common beginnings. The three ways run in turn, and must give the same tokens.
/// </summary>
internal static class QuestionsWork
{
    private const int Images = 2, Side = 336, NewTokens = 8;

    private static readonly string[] Questions =
        ["What is in this image?", "Is it safe?", "How many people does it show?", "Where was it taken?", "What happens next?"];

    public static void Run(BenchSettings settings)
    {
        string folder = Directory.CreateTempSubdirectory("safe-rlhf-v-bench").FullName;
        try
        {
            WriteFiles(folder);
            ModelProcessor processor = ModelProcessor.Load(folder);
            using VisionLanguageModel model = ModelFactory.Create(ModelConfig.Load(folder), seed: 0);
            ChatGenerator sharing = new(model, processor), whole = new(model, processor) { SharesImages = false };
            byte[][] files = [.. Enumerable.Range(0, Images).Select(ImageWork.Jpeg)];
            int count = Images * Questions.Length;
            IReadOnlyList<int>[] expected = OneByOne(whole, files), batch = Together(whole, files), shared = Together(sharing, files);
            if (!Equal(expected, shared) || !Equal(expected, batch)) throw new InvalidOperationException("The three ways give other tokens.");
            double[][] seconds = Measure.InTurn([() => OneByOne(whole, files), () => Together(whole, files), () => Together(sharing, files)],
                settings.FewRepeats);
            double Rate(int way) => Math.Round(count / Measure.Middle(seconds[way]), 2);
            double Ratio(int way) => Math.Round(Measure.Middle([.. seconds[way].Zip(seconds[2], (other, own) => other / own)]), 2);
            Measure.Emit(settings, "image-questions", ("answers_per_s_one_by_one", Rate(0)), ("answers_per_s_batch", Rate(1)),
                ("answers_per_s_shared", Rate(2)), ("shared_to_one_by_one", Ratio(0)), ("shared_to_batch", Ratio(1)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static IReadOnlyList<int>[] OneByOne(ChatGenerator generator, byte[][] files) =>
        [.. files.SelectMany(file => Questions.Select(question => Answers(generator, [Encode(generator, question, ImageDecoder.Decode(file))])[0]))];

    private static IReadOnlyList<int>[] Together(ChatGenerator generator, byte[][] files) => Answers(generator, [.. files.SelectMany(file =>
    {
        RgbImage image = ImageDecoder.Decode(file);
        return Questions.Select(question => Encode(generator, question, image));
    })]);

    private static EncodedPrompt Encode(ChatGenerator generator, string question, RgbImage image) => generator.Processor.EncodePrompt(question, image);

    private static IReadOnlyList<int>[] Answers(ChatGenerator generator, EncodedPrompt[] prompts) => [.. generator.Generate(prompts,
        new TextSettings { Tokens = new GenerationSettings { Temperature = 0, MaxNewTokens = NewTokens, MinNewTokens = NewTokens } })
        .Select(answer => answer.Ids)];

    private static bool Equal(IReadOnlyList<int>[] left, IReadOnlyList<int>[] right) => left.Zip(right).All(pair => pair.First.SequenceEqual(pair.Second));

    // the golden model's tokenizer and chat format, in the bench's own size
    private static void WriteFiles(string folder)
    {
        string from = Repository.At("tests", "golden", "models", "llava-1.5-tiny");
        foreach (string file in Directory.EnumerateFiles(from, "*.json")) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        Change("config.json", config =>
        {
            config["vision_config"]!["image_size"] = Side;
            (config["text_config"]!["hidden_size"], config["text_config"]!["intermediate_size"]) = (TinyModel.Hidden, TinyModel.FeedForward);
            config["text_config"]!["num_hidden_layers"] = TinyModel.Layers;
        });
        Change("preprocessor_config.json", config =>
        {
            config["size"]!["shortest_edge"] = Side;
            config["crop_size"] = new JsonObject { ["height"] = Side, ["width"] = Side };
        });

        void Change(string file, Action<JsonNode> change)
        {
            string path = Path.Combine(folder, file);
            JsonNode config = JsonNode.Parse(File.ReadAllText(path))!;
            change(config);
            File.WriteAllText(path, config.ToJsonString());
        }
    }
}
