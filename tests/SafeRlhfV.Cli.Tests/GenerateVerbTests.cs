using System.Text.Json;
using System.Text.Json.Nodes;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

[Collection(CapturedConsole.Name)]
public sealed class GenerateVerbTests
{
    private static readonly string Folder = Golden.At("models", "llava-1.5-tiny"), Cat = Golden.At("images", "cat.jpg");

    private static readonly string[] Question = ["generate", "--model", Folder, "--prompt", "What is in this image?", "--image", Cat, "--max-new-tokens", "24"];

    [Fact]
    public async Task ItStreamsTheReferencesGreedyAnswer()
    {
        (int code, string output, string errors) = await CapturedConsole.RunAsync(Question);
        Assert.Equal(0, code);
        Assert.Equal(GreedyText("llava-1.5-tiny") + "\n", output);
        Assert.Contains("44 prompt tokens, 24 new ones", errors, StringComparison.Ordinal);
    }

    // Every family's tiny model, many of whose answers begin with a blank: transformers keeps it.
    [Theory, MemberData(nameof(Greedy))]
    public async Task TextsAreWrittenAsTheReferenceDecodesThem(string model)
    {
        (int code, string output, string errors) =
            await CapturedConsole.RunAsync([.. Question.Select(word => word == Folder ? Golden.At("models", model) : word), "--temperature", "0", "--dtype",
                "float32", "--json"]);
        Assert.True(code == 0, errors);
        Assert.Equal(GreedyText(model), JsonNode.Parse(output)!["answers"]![0]!["text"]!.GetValue<string>());
    }

    public static TheoryData<string> Greedy() =>
        [.. Directory.GetDirectories(Golden.At("models")).Select(folder => Path.GetFileName(folder)!).Order(StringComparer.Ordinal)
        .Where(name => File.Exists(Golden.At("models", name, "config.json")) && File.Exists(Golden.At("models", name, "cases", "greedy-one-image.json"))
            && JsonDocument.Parse(File.ReadAllBytes(Golden.At("models", name, "cases", "greedy-one-image.json"))).RootElement.TryGetProperty("text", out _))];

    [Fact]
    public async Task AnAdapterChangesTheAnswerToTheReferences()
    {
        (int code, string output, _) = await CapturedConsole.RunAsync([.. Question, "--adapter", Golden.At("models", "llava-1.5-tiny-lora"), "--json"]);
        Assert.Equal(0, code);
        JsonNode document = JsonNode.Parse(output)!;
        Assert.Equal(GreedyText("llava-1.5-tiny-lora"), document["answers"]![0]!["text"]!.GetValue<string>());
        Assert.Equal("USER: <image>\nWhat is in this image? ASSISTANT:", document["prompt"]!.GetValue<string>());
        Assert.Equal("length", document["answers"]![0]!["finish"]!.GetValue<string>());
        Assert.Equal((44, 1), (document["promptTokens"]!.GetValue<int>(), document["images"]!.GetValue<int>()));
    }

    [Fact]
    public async Task APromptBeyondTheModelsPositionsIsRefusedAndItsRowNamed()
    {
        using TemporaryFolder folder = new();
        string[] lines = [.. File.ReadLines(Golden.At("beavertails-v", "jsonl", "base64", "rows.jsonl")).Take(2)];
        JsonNode row = JsonNode.Parse(lines[1])!;
        row["question"] = string.Join(' ', Enumerable.Repeat("a", 5000));
        File.WriteAllLines(folder.At("rows.jsonl"), [lines[0], row.ToJsonString()]);
        foreach (string[] verb in (string[][])[["generate", "--data", folder.At("rows.jsonl"), "--out", folder.At("out.jsonl"), "--max-new-tokens", "2"],
            ["generate", "--prompt", row["question"]!.GetValue<string>()]])
        {
            (int code, _, string errors) = await CapturedConsole.RunAsync([.. verb, "--model", Folder]);
            Assert.Equal(CliHost.BadInput, code);
            Assert.Contains("reads at most 4096", errors, StringComparison.Ordinal);
            if (verb[1] == "--data") Assert.Contains("rows.jsonl: row 1: the prompt has", errors, StringComparison.Ordinal);
        }
        (int tooMany, _, string said) = await CapturedConsole.RunAsync("generate", "--model", Folder, "--prompt", "hello", "--max-new-tokens", "5000");
        Assert.Equal(CliHost.BadInput, tooMany);
        Assert.Contains("lower max_new_tokens to", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARowLongerThanTheModelReadsMayBeLeftOutWithAnError()
    {
        using TemporaryFolder folder = new();
        string[] lines = [.. File.ReadLines(Golden.At("beavertails-v", "jsonl", "base64", "rows.jsonl")).Take(3)];
        JsonNode row = JsonNode.Parse(lines[1])!;
        row["question"] = string.Join(' ', Enumerable.Repeat("a", 5000));
        File.WriteAllLines(folder.At("rows.jsonl"), [lines[0], row.ToJsonString(), lines[2]]);
        File.WriteAllLines(folder.At("short.jsonl"), [lines[0], lines[2]]);
        string[] verb = ["generate", "--model", Folder, "--max-new-tokens", "4", "--skip-long"];
        (int code, _, string errors) = await CapturedConsole.RunAsync([.. verb, "--data", folder.At("rows.jsonl"), "--out", folder.At("out.jsonl")]);
        Assert.True(code == 0, errors);
        Assert.Contains("1 row longer than the model reads", errors);
        await CapturedConsole.RunAsync([.. verb, "--data", folder.At("short.jsonl"), "--out", folder.At("short-out.jsonl")]);
        JsonElement[] answers = Read("out.jsonl"), others = Read("short-out.jsonl");
        Assert.Equal(3, answers.Length);
        Assert.Equal("longer than the model reads", answers[1].GetProperty("error").GetString());
        Assert.Equal(others.Select(Response), [Response(answers[0]), Response(answers[2])]);

        JsonElement[] Read(string file) => [.. File.ReadLines(folder.At(file)).Select(line => JsonDocument.Parse(line).RootElement)];
        static string Response(JsonElement answer) => answer.GetProperty("response").GetString()!;
    }

    [Fact]
    public async Task SamplesStopStringsAndSeedsDoAsTheySay()
    {
        string[] sampled = [.. Question, "--temperature", "1", "--top-k", "50", "--top-p", "0.95", "--repetition-penalty", "1.1", "--samples", "3", "--json"];
        (int code, string first, _) = await CapturedConsole.RunAsync([.. sampled, "--seed", "1"]);
        Assert.Equal(0, code);
        string[] texts = [.. JsonNode.Parse(first)!["answers"]!.AsArray().Select(answer => answer!["text"]!.GetValue<string>())];
        Assert.Equal(3, texts.Distinct().Count());
        Assert.Equal(first, (await CapturedConsole.RunAsync([.. sampled, "--seed", "1"])).Output);
        Assert.NotEqual(first, (await CapturedConsole.RunAsync([.. sampled, "--seed", "2"])).Output);
        string whole = GreedyText("llava-1.5-tiny"), stop = "fow";
        (_, string stopped, string errors) = await CapturedConsole.RunAsync([.. Question, "--stop", "not there", "--stop", stop]);
        Assert.Equal(whole[..whole.IndexOf(stop, StringComparison.Ordinal)] + "\n", stopped);
        Assert.Contains("stopped", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SeveralQuestionsAboutAnImageContinueItsCacheWithTheSameAnswers()
    {
        using TemporaryFolder folder = new();
        File.Copy(Cat, folder.At("cat.jpg"));
        File.WriteAllLines(folder.At("rows.jsonl"), ((string[])["What is in this image?", "Is it safe?", "Why?", "How many animals are there?", "Where?"])
            .Select(question => $$"""{"question":"{{question}}","image":"cat.jpg"}"""));
        const string Shared = "4 of 4 questions about an image of another in their batch continued its cache";
        string[] common = ["--model", Folder, "--temperature", "0", "--max-new-tokens", "6"];
        List<string> files = [];
        foreach (string batch in (string[])["1", "8"])
        {
            string answers = folder.At($"{batch}.jsonl"), result = folder.At(batch);
            (int code, _, string errors) = await CapturedConsole.RunAsync(["generate", .. common, "--data", folder.At("rows.jsonl"), "--out", answers,
                "--batch-size", batch]);
            Assert.True(code == 0, errors);
            Assert.Equal(batch == "8", errors.Contains(Shared, StringComparison.Ordinal));
            (code, _, errors) = await CapturedConsole.RunAsync(["eval", "answers", .. common, "--suite", "rows", "--data", folder.At("rows.jsonl"), "--out",
                result, "--batch-size", batch]);
            Assert.True(code == 0, errors);
            Assert.Equal(batch == "8", errors.Contains(Shared, StringComparison.Ordinal));
            files.AddRange(File.ReadAllText(answers), File.ReadAllText(Path.Combine(result, "rows", "answers.jsonl")));
        }
        Assert.Equal(files[..2], files[2..]);
    }

    [Fact]
    public async Task ADataSetIsAnsweredRowByRowWhateverTheBatch()
    {
        using TemporaryFolder folder = new();
        File.Copy(Cat, folder.At("cat.jpg"));
        File.WriteAllLines(folder.At("questions.jsonl"),
        [
            """{"question":"What is in this image?","image":"cat.jpg"}""", """{"question":"Hello, who are you?","image":null}""",
            """{"question":"Is it safe?","image":"cat.jpg"}""",
        ]);
        string[] arguments = ["generate", "--model", Folder, "--data", folder.At("questions.jsonl"), "--max-new-tokens", "24", "--temperature", "1",
            "--samples", "2", "--seed", "6"];
        (int code, string output, _) = await CapturedConsole.RunAsync([.. arguments, "--out", folder.At("one.jsonl"), "--batch-size", "1", "--json"]);
        Assert.Equal(0, code);
        Assert.Equal((3, 6), (JsonNode.Parse(output)!["rows"]!.GetValue<int>(), JsonNode.Parse(output)!["answers"]!.GetValue<int>()));
        Assert.Equal(0, (await CapturedConsole.RunAsync([.. arguments, "--out", folder.At("all.jsonl")])).Code);
        string[] lines = File.ReadAllLines(folder.At("one.jsonl"));
        Assert.Equal(lines, File.ReadAllLines(folder.At("all.jsonl")));
        JsonNode[] rows = [.. lines.Select(line => JsonNode.Parse(line)!)];
        Assert.Equal(6, rows.Length);
        Assert.Equal(["default/train/0", "default/train/0", "default/train/1"], rows.Take(3).Select(row => row["row"]!.GetValue<string>()));
        Assert.Equal(6, rows.Select(row => row["response"]!.GetValue<string>()).Distinct().Count());
        Assert.Equal(0, (await CapturedConsole.RunAsync([.. arguments, "--out", folder.At("all.jsonl"), "--overwrite", "--limit", "1"])).Code);
        Assert.Equal(lines[..2], File.ReadAllLines(folder.At("all.jsonl")));
    }

    [Theory]
    [InlineData("no such folder", "--model", "/nowhere")]
    [InlineData("no such image", "--image", "/nowhere.png")]
    [InlineData("temperature", "--temperature", "-1")]
    [InlineData("stop string", "--stop", "")]
    [InlineData("no effect", "--samples", "2")]
    [InlineData("no effect", "--top-k", "5")]
    [InlineData("weight type", "--dtype", "int3")]
    [InlineData("alpaca", "--chat-format", "alpaca")]
    [InlineData("<|image_pad|>", "--chat-format", "qwen2-vl")]
    [InlineData("max_new_tokens", "--max-new-tokens", "0")]
    [InlineData("--prompt", "--data", "/nowhere")]
    [InlineData("adapter_config.json", "--adapter", "/nowhere")]
    [InlineData("cpu, cuda and cuda:N", "--device", "tpu")]
    [InlineData("cpu, cuda and cuda:N", "--device", "cuda:x")]
    [InlineData("'cuda:99'", "--device", "cuda:99")]
    public async Task BadInputIsOneLineThatNamesIt(string said, string option, string value)
    {
        List<string> arguments = [.. Question];
        int at = arguments.IndexOf(option);
        if (at >= 0) arguments[at + 1] = value;
        else arguments.AddRange([option, value]);
        await Refuses(said, [.. arguments]);
    }

    [Theory]
    [InlineData("bad-empty.png")]
    [InlineData("bad-truncated.jpg")]
    [InlineData("bad-text.jpg")]
    [InlineData("bad-bomb-100000x100000.png")]
    public async Task ABrokenImageIsNamed(string image) =>
        await Refuses(image, "generate", "--model", Folder, "--prompt", "What is this?", "--image", Golden.At("images", image));

    [Fact]
    public async Task AThinkingModelsTemplateOpensTheAnswerAndItsReasoningIsNoPartOfTheText()
    {
        using TemporaryFolder folder = new();
        foreach (string file in Directory.GetFiles(Golden.At("models", "qwen3-vl-tiny"))) File.Copy(file, folder.At(Path.GetFileName(file)));
        string template = Directory.GetFiles(Golden.At("variants", "chat", "templates"), "*.jinja").Select(File.ReadAllText)
            .First(text => text.Contains("<think>", StringComparison.Ordinal) && text.Contains("<|image_pad|>", StringComparison.Ordinal));
        File.WriteAllText(folder.At("chat_template.json"), new JsonObject { ["chat_template"] = template }.ToJsonString());
        string[] question = ["generate", "--model", folder.Path, "--prompt", "What is it?", "--image", Cat, "--max-new-tokens", "4", "--json"];
        (int code, string output, _) = await CapturedConsole.RunAsync(question);
        Assert.Equal(0, code);
        JsonNode document = JsonNode.Parse(output)!;
        Assert.EndsWith("<|im_start|>assistant\n<think>\n", document["prompt"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal("", document["answers"]![0]!["text"]!.GetValue<string>());
        Assert.NotEmpty(document["answers"]![0]!["reasoning"]!.GetValue<string>());
        File.WriteAllText(folder.At("chat_template.json"), new JsonObject { ["chat_template"] = "{% if %}" }.ToJsonString());
        await Refuses("chat_template.json", question);
    }

    [Fact]
    public async Task BrokenCheckpointsAreNamed()
    {
        using TemporaryFolder folder = new();
        foreach (string file in Directory.GetFiles(Folder)) File.WriteAllBytes(folder.At(Path.GetFileName(file)), File.ReadAllBytes(file));
        string[] question = ["generate", "--model", folder.Path, "--prompt", "What is this?", "--image", Cat];

        string weights = folder.At("model.safetensors");
        byte[] whole = File.ReadAllBytes(weights);
        File.WriteAllBytes(weights, whole[..(whole.Length / 2)]);
        await Refuses("model.safetensors", question);
        File.WriteAllBytes(weights, [.. new byte[] { 255, 255, 255, 255, 255, 255, 255, 255 }, .. whole[8..]]);
        await Refuses("model.safetensors", question);
        File.WriteAllBytes(weights, whole);

        File.Delete(folder.At("tokenizer.json"));
        await Refuses("tokenizer.json", question);
        File.Copy(Path.Combine(Folder, "tokenizer.json"), folder.At("tokenizer.json"));

        // images of another size than the tower takes would give other features than the text has image tokens
        string processor = File.ReadAllText(folder.At("preprocessor_config.json"));
        File.WriteAllText(folder.At("preprocessor_config.json"), processor.Replace("56", "70", StringComparison.Ordinal));
        await Refuses("preprocessor_config.json", question);
    }

    [Fact]
    public async Task ABrokenRowWritesNothing()
    {
        using TemporaryFolder folder = new();
        File.WriteAllLines(folder.At("questions.jsonl"), ["""{"question":"What is it?","image":null}""", """{"question":"And this?","image":"missing.png"}"""]);
        await Refuses("missing.png", "generate", "--model", Folder, "--data", folder.At("questions.jsonl"), "--out", folder.At("answers.jsonl"),
            "--max-new-tokens", "2");
        Assert.Equal("questions.jsonl", Path.GetFileName(Assert.Single(Directory.GetFiles(folder.Path))));
        await Refuses("--out", "generate", "--model", Folder, "--data", folder.At("questions.jsonl"));
        await Refuses("already there", "generate", "--model", Folder, "--data", folder.At("questions.jsonl"), "--out", folder.At("questions.jsonl"));
    }

    // A row that stops the work stands for any stop: what was whole before it stays, and the rest follows without being generated twice.
    [Fact]
    public async Task AStoppedRunGoesOnBehindItsWholeRowsAndEndsAsAnUnbrokenOne()
    {
        using TemporaryFolder folder = new();
        string data = folder.At("questions.jsonl"), target = folder.At("answers.jsonl"), partial = $"{target}.partial";
        File.WriteAllLines(data, Enumerable.Range(0, 5).Select(i => $$"""{"question":"Question {{i}}?","image":"{{i}}.jpg"}"""));
        for (int i = 0; i < 5; i++) File.Copy(Cat, folder.At($"{i}.jpg"));
        string[] arguments = ["generate", "--model", Folder, "--data", data, "--max-new-tokens", "6", "--temperature", "1", "--samples", "2", "--seed", "6",
            "--batch-size", "2"];
        Assert.Equal(0, (await CapturedConsole.RunAsync([.. arguments, "--out", folder.At("unbroken.jsonl")])).Code);
        File.Delete(folder.At("4.jpg"));
        await Refuses($"4 rows are in {partial}. Mend the row", [.. arguments, "--out", target]);
        File.Copy(Cat, folder.At("4.jpg"));
        await Refuses("go on with --resume", [.. arguments, "--out", target]);
        await Refuses("seed: 6 then, 7 now", [.. arguments.Select(word => word == "6" ? "7" : word), "--out", target, "--resume"]);
        byte[] left = File.ReadAllBytes(partial), settings = File.ReadAllBytes($"{partial}.settings");
        foreach ((int cut, int known) in ((int, int)[])[(0, 4), (1, 3), (left.Length - 1, 0), (left.Length / 2, -1)])
        {
            File.WriteAllBytes(partial, left[..^cut]); // a kill may cut a line, or a row's second answer
            File.WriteAllBytes($"{partial}.settings", settings);
            (int code, string output, string errors) = await CapturedConsole.RunAsync([.. arguments, "--out", target, "--resume", "--json"]);
            Assert.True(code == 0, errors);
            int generated = JsonNode.Parse(output)!["generated"]!.GetValue<int>();
            if (known >= 0) Assert.Equal(2 * (5 - known), generated);
            Assert.Equal(File.ReadAllText(folder.At("unbroken.jsonl")), File.ReadAllText(target));
            Assert.False(File.Exists(partial) || File.Exists($"{partial}.settings"));
            (code, output, errors) = await CapturedConsole.RunAsync([.. arguments, "--out", target, "--resume"]);
            Assert.Equal((0, ""), (code, output));
            Assert.Contains("whole already", errors);
            await Refuses("seed: 6 then, 7 now", [.. arguments.Select(word => word == "6" ? "7" : word), "--out", target, "--resume"]);
            await Refuses("limit: none then, 3 now", [.. arguments, "--limit", "3", "--out", target, "--resume"]);
            File.Delete(target);
        }
        File.WriteAllBytes(partial, left);
        File.WriteAllBytes($"{partial}.settings", settings);
        File.WriteAllText(data, File.ReadAllText(data).Replace("Question 1", "Another", StringComparison.Ordinal));
        await Refuses("the data changed", [.. arguments, "--out", target, "--resume"]);
    }

    private static async Task Refuses(string said, params string[] arguments)
    {
        (int code, string output, string errors) = await CapturedConsole.RunAsync(arguments);
        Assert.True(code == CliHost.BadInput, errors);
        Assert.Equal("", output);
        string line = Assert.Single(errors.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            line => line.StartsWith("safe-rlhf-v: ", StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
        Assert.Contains(said, line, StringComparison.Ordinal);
    }

    private static string GreedyText(string model)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Golden.At("models", model, "cases", "greedy-one-image.json")));
        return document.RootElement.GetProperty("text")[0].GetString()!;
    }
}
