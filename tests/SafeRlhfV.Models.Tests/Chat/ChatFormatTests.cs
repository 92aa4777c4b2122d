using System.Text.Json;
using SafeRlhfV.Data;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Models.Tests;

public sealed class ChatFormatTests
{
    [Fact]
    public void Every_rendering_of_the_reference_is_met_segment_by_segment()
    {
        List<string> wrong = [];
        HashSet<string> families = [];
        foreach (string line in File.ReadLines(Golden.At("chat", "cases.jsonl")))
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement row = document.RootElement;
            string family = row.GetProperty("family").GetString()!, place = $"{family}/{row.GetProperty("group").GetString()}: {row.GetProperty("messages").GetRawText()}";
            families.Add(family);
            bool generate = row.GetProperty("add_generation_prompt").GetBoolean(), vision = row.TryGetProperty("add_vision_id", out JsonElement flag) && flag.GetBoolean();
            IReadOnlyList<ChatTurn> turns = GoldenChat.Turns(row.GetProperty("messages"));
            if (row.TryGetProperty("error", out JsonElement error))
            {
                if (!Assert.Throws<InvalidInputException>(() => ChatFormat.Named(family).Render(turns, generate, vision)).Message.Contains(error.GetString()!, StringComparison.Ordinal)) wrong.Add(place);
                continue;
            }
            IReadOnlyList<ChatSegment> segments = ChatFormat.Named(family).Render(turns, generate, vision);
            (string, string)[] expected = [.. row.GetProperty("segments").EnumerateArray().Select(pair => (pair[0].GetString()!, pair[1].GetString()!))];
            (string, string)[] ours = [.. segments.Select(segment => (segment.Kind == ChatSegmentKind.Format ? "fmt" : segment.Kind.ToString().ToLowerInvariant(), segment.Text))];
            if (!ours.SequenceEqual(expected) || string.Concat(segments.Select(segment => segment.Text)) != row.GetProperty("rendered").GetString()
                || segments.Count(segment => segment.Kind == ChatSegmentKind.Image) != row.GetProperty("images").GetInt32()) wrong.Add(place);
        }
        Assert.True(wrong.Count == 0, $"{wrong.Count} differ:\n{string.Join("\n", wrong.Take(10))}");
        Assert.Equal(ChatFormat.Names.Order(), families.Order());
    }

    [Fact]
    public void Image_segments_carry_their_pictures_in_the_order_of_the_text()
    {
        RgbImage first = new(1, 1, new byte[3]), second = new(1, 1, new byte[3]);
        ChatTurn[] turns = [new(ChatRole.User, [new TextPart("a"), new ImagePart(first), new TextPart("b"), new ImagePart(second)])];
        foreach (string name in ChatFormat.Names)
            Assert.Equal([first, second], ChatFormat.Named(name).Render(turns, true).Where(segment => segment.Kind == ChatSegmentKind.Image).Select(segment => segment.Image));
    }

    [Theory]
    [InlineData("llava", "llama", null, typeof(VicunaChatFormat))]
    [InlineData("llava_next", "llama", null, typeof(VicunaChatFormat))]
    [InlineData("llava_next", "mistral", null, typeof(MistralChatFormat))]
    [InlineData("llava_next", "mistral", "{{ message['role'].upper() + ': ' }}{{ 'ASSISTANT:' }}", typeof(VicunaChatFormat))]
    [InlineData("llava_next", "llama", "{{ '[INST] ' }}", typeof(MistralChatFormat))]
    public void A_folders_template_comes_before_its_language_model(string type, string text, string? template, Type expected)
    {
        using TemporaryFolder folder = new();
        if (template is not null) File.WriteAllText(folder.At("chat_template.jinja"), template);
        Assert.IsType(expected, ChatFormat.For(Config(type, text), folder.Path));
    }

    [Theory]
    [InlineData("chat_template.json", """{"chat_template":"{{ '[INST] ' }}"}""")]
    [InlineData("processor_config.json", """{"chat_template":"{{ '[INST] ' }}"}""")]
    [InlineData("tokenizer_config.json", """{"chat_template":"{{ '[INST] ' }}"}""")]
    [InlineData("tokenizer_config.json", """{"chat_template":[{"name":"tool_use","template":"x"},{"name":"default","template":"{{ '[INST] ' }}"}]}""")]
    public void A_template_is_found_wherever_a_folder_may_keep_it(string file, string content)
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At(file), content);
        Assert.IsType<MistralChatFormat>(ChatFormat.For(Config("llava_next", "llama"), folder.Path));
    }

    [Theory]
    [InlineData("{{ ' ' + message['content'][0]['text'] + '</s>' }}{{ '[INST] ' }}", "</s>")]
    [InlineData("{{ message['content'][0]['text'] }}{{ '</s> ' }}{{ '[INST] ' }}", "</s> ")]
    [InlineData(@"{{ message['content'][0]['text'] }}{{ '<\s> ' }}{{ '[INST] ' }}", @"<\s> ")]
    public void Revisions_of_the_mistral_template_end_an_answer_as_they_did(string template, string end)
    {
        IReadOnlyList<ChatSegment> segments = MistralChatFormat.FromTemplate(template).Render([ChatTurn.User("q"), ChatTurn.Assistant("a"), ChatTurn.User("q")], true);
        Assert.Equal($"[INST] q [/INST] a{end}[INST] q [/INST]", string.Concat(segments.Select(segment => segment.Text)));
    }

    [Theory]
    [InlineData("qwen2_vl", null, "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nq<|im_end|>\n")]
    [InlineData("qwen2_5_vl", "<|im_start|>system\nBe brief.<|im_end|>\n<|vision_start|>", "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nq<|im_end|>\n")]
    [InlineData("qwen2_5_vl", @"{{ '<|im_start|>system\nBe brief.<|im_end|>\n' }}<|vision_start|>", "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nq<|im_end|>\n")]
    [InlineData("qwen2_5_vl", "<|im_start|>{{ m['role'] }}\n<|vision_start|>", "<|im_start|>user\nq<|im_end|>\n")]
    [InlineData("qwen3_vl", "<|im_start|>{{ m['role'] }}\n<|vision_start|>", "<|im_start|>user\nq<|im_end|>\n")]
    [InlineData("qwen3_vl", null, "<|im_start|>user\nq<|im_end|>\n")]
    public void Qwens_default_system_message_is_the_templates(string type, string? template, string expected)
    {
        ModelConfig config = ModelConfig.Load(GoldenPrompts.Folders().First(folder => ConfigReader.Open(Path.Combine(folder, "config.json")).Text("model_type") == type));
        ChatFormat format = ModelFamilies.Find(type)!.ChatFormatOf(config, template)!;
        Assert.Equal(expected, string.Concat(format.Render([ChatTurn.User("q")], addGenerationPrompt: false).Select(segment => segment.Text)));
        Assert.Null(ModelFamilies.Find(type)!.ChatFormatOf(config, "USER: ASSISTANT:"));
    }

    [Fact]
    public void A_strange_template_is_refused_and_named()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("chat_template.jinja"), "{{ '<|start_header_id|>' }}");
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => ChatFormat.For(Config("llava", "llama"), folder.Path));
        Assert.Contains("chat_template.jinja", error.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidInputException>(() => ChatFormat.Named("alpaca"));
    }

    private static ModelConfig Config(string type, string text) => ModelConfig.Parse(ConfigReader.Parse(System.Text.Encoding.UTF8.GetBytes(
        $$"""{"model_type":"{{type}}","text_config":{"model_type":"{{text}}","vocab_size":100},"image_token_index":4}"""), "config.json"));
}
