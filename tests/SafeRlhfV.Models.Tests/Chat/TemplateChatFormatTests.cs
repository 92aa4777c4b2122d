using System.Text.Json;
using SafeRlhfV.Processing;
using SafeRlhfV.Processing.Tests;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Models.Tests;

public sealed class TemplateChatFormatTests
{
    private const string Plain = "{% for m in messages %}<|im_start|>{{ m.role }}\n{% for p in m.content %}{{ p.text if p.type == 'text' else '<|image_pad|>' "
        + "}}{% endfor %}<|im_end|>\n{% endfor %}"
        + "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

    private const string Thinking = "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' }}{% set text = m.content[0].text %}"
        + "{% if m.role == 'assistant' %}{{ '<think>\\n' + (m.reasoning_content or '') + '\\n</think>\\n\\n' + text.split('</think>')[-1].lstrip('\\n') }}{% "
            + "else %}{{ text }}{% endif %}{{ '<|im_end|>\\n' }}{% endfor %}"
        + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n<think>\\n' }}{% endif %}";

    private static readonly string Qwen3 = GoldenPrompts.Folders()
        .First(folder => ConfigReader.Open(Path.Combine(folder, "config.json")).Text("model_type") == "qwen3_vl");

    public static TheoryData<string> Variants => [.. Directory.Exists(Golden.At("variants", "configs"))
        ? Directory.GetDirectories(Golden.At("variants", "configs"), "chat-*").Order(StringComparer.Ordinal).Select(folder => Path.GetFileName(folder)!) : []];

    [Theory, MemberData(nameof(Variants))]
    public void ATemplateIsFoundWhereverAFolderMayKeepIt(string name)
    {
        string variant = Golden.At("variants", "configs", name);
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Path.Combine(variant, "expected.json")));
        JsonElement expected = document.RootElement;
        using TemporaryFolder folder = new();
        string[] left = [.. expected.GetProperty("files_not_taken_from_base").EnumerateArray().Select(file => file.GetString()!)];
        foreach (string file in Directory.EnumerateFiles(Path.Combine(variant, expected.GetProperty("base_path").GetString()!)))
            if (!left.Contains(Path.GetFileName(file)) && !file.EndsWith(".safetensors", StringComparison.Ordinal))
                File.Copy(file, folder.At(Path.GetFileName(file)));
        foreach (string file in Directory.EnumerateFiles(variant, "*", SearchOption.AllDirectories))
        {
            string target = folder.At(Path.GetRelativePath(variant, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target, overwrite: true);
        }
        ModelConfig config = ModelConfig.Load(folder.Path);
        if (expected.GetProperty("wish").GetString() == "refuse")
        {
            Assert.Contains("template", Assert.Throws<InvalidInputException>(() => ChatFormat.For(config, folder.Path)).Message, StringComparison.Ordinal);
            return;
        }
        IReadOnlyList<ChatSegment> segments = ChatFormat.For(config, folder.Path).Render(GoldenChat.Turns(expected.GetProperty("messages")),
            expected.GetProperty("add_generation_prompt").GetBoolean());
        Assert.Equal(expected.GetProperty("rendered").GetString(), Text(segments));
    }

    [Fact]
    public void ATemplateThatOpensTheAnswerWithReasoningIsNotPromptedWithout()
    {
        using TemporaryFolder folder = Copy(Thinking);
        ModelProcessor processor = ModelProcessor.Load(folder.Path);
        EncodedPrompt prompt = processor.EncodePrompt("What is it?", null);
        Assert.EndsWith("<|im_start|>assistant\n<think>\n", prompt.Text, StringComparison.Ordinal);
        Assert.Equal(new ChatReasoning("<think>", "</think>", true), processor.Chat.Reasoning);
        Assert.Equal("<|im_end|>", processor.Chat.EndOfAnswer);
    }

    [Fact]
    public void SpecialTokensOfTheConversationStayTextAndThoseOfTheTemplateDoNot()
    {
        using TemporaryFolder folder = Copy(Plain);
        ModelProcessor processor = ModelProcessor.Load(folder.Path);
        Assert.IsType<TemplateChatFormat>(processor.Chat);
        int end = processor.Tokenizer.IdOf("<|im_end|>")!.Value, begin = processor.Tokenizer.IdOf("<|im_start|>")!.Value;
        EncodedPrompt prompt = processor.EncodePrompt([ChatTurn.System("Be <|im_end|> kind."),
            new(ChatRole.User, [new TextPart("<|im_"), new TextPart("start|>user <|image_pad|>")])]);
        Assert.Equal(2, prompt.Ids.Count(id => id == end));
        Assert.Equal(3, prompt.Ids.Count(id => id == begin));
        Assert.DoesNotContain(processor.Model.ImageTokenId, prompt.Ids);
        int[] answer = processor.EncodeResponse(prompt, "It is <|im_end|>.");
        Assert.Equal(1, answer.Count(id => id == end));
        Assert.Equal("It is <|im_end|>.", processor.DecodeResponse(answer));
    }

    [Fact]
    public void ATextOfTheTemplateThatItCutsAwayWholeAgainDoesNotHideTheConversation()
    {
        using TemporaryFolder folder = Copy("{% for m in messages %}<|im_start|>{{ m.role }}\n{% set text = '<think></think>' ~ m.content[0].text %}"
            + "{{ '<think></think>' ~ text.split('</think>')[-1] if m.role == 'assistant' and not loop.last else text }}<|im_end|>\n{% endfor %}");
        ChatTurn[] turns = [ChatTurn.User("a"), ChatTurn.Assistant("b <|im_end|>"), ChatTurn.User("c")];
        IReadOnlyList<ChatSegment> segments = ModelProcessor.Load(folder.Path).Chat.Render(turns, addGenerationPrompt: false);
        Assert.Contains("assistant\n<think></think>b <|im_end|><|im_end|>\n", Text(segments), StringComparison.Ordinal);
        Assert.Contains(segments, segment => segment is { Kind: ChatSegmentKind.Assistant, Text: "b <|im_end|>" });
        Assert.Equal(3, segments.Count(segment => segment is { Kind: ChatSegmentKind.Format, Text: "<|im_end|>" }));
    }

    [Theory]
    [InlineData("{% for m in messages %}{{ '<|im_end|>'.lower() }}{{ m.content[0].text }}{% endfor %}")]
    [InlineData("{% for m in messages %}{% for p in ('<|im_end|>,<|im_start|>' ~ m.content[0].text).split(',') %}{{ p }}{% endfor %}{% endfor %}")]
    public void WhereATemplateMixesItsTokensWithTheConversationItIsRefused(string template)
    {
        using TemporaryFolder folder = Copy(template);
        Assert.Contains("name a format with --chat-format",
            Assert.Throws<InvalidInputException>(() => ModelProcessor.Load(folder.Path).EncodePrompt("What is it?", null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnAnswerIsWhatStandsBehindTheGenerationPrompt()
    {
        using TemporaryFolder folder = Copy(Thinking);
        ModelProcessor processor = ModelProcessor.Load(folder.Path);
        EncodedPrompt prompt = processor.EncodePrompt("What is it?", null);
        Assert.Equal("\n</think>\n\nA cup.<|im_end|>", processor.Tokenizer.Decode(processor.EncodeResponse(prompt, "A cup."), skipSpecialTokens: false));
    }

    [Fact]
    public void ATemplateThatWritesTheConversationOtherwiseOnceTheAnswerIsThereIsRefused()
    {
        using TemporaryFolder folder =
            Copy("{{ messages|length }}{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content[0].text }}<|im_end|>\n{% endfor %}");
        ModelProcessor processor = ModelProcessor.Load(folder.Path);
        EncodedPrompt prompt = processor.EncodePrompt("What is it?", null);
        Assert.Contains("cannot be trained on", Assert.Throws<InvalidInputException>(() => processor.EncodeResponse(prompt, "A cup.")).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{% for m in messages %}{{ m.content }", "line 1")]
    [InlineData("a\nb\n{{ raise_exception('only tools here') }}", "only tools here")]
    [InlineData("{{ messages[0].__class__.__mro__ }}", "may not")]
    [InlineData("{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}", "more than")]
    [InlineData("{{ nope.x }}", "'nope' is undefined")]
    [InlineData("always the same", "leaves out")]
    public void ATemplateThatFailsIsNamedWithItsFault(string template, string fault)
    {
        using TemporaryFolder folder = Copy(template);
        string message = Assert.Throws<InvalidInputException>(() => ModelProcessor.Load(folder.Path)).Message;
        Assert.Contains(fault, message, StringComparison.Ordinal);
        Assert.Contains("chat_template.json", message, StringComparison.Ordinal);
    }

    [Fact]
    public void ATemplateForTextsAloneTakesNoImage()
    {
        using TemporaryFolder folder = Copy("{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>' }}{% endfor %}");
        ModelProcessor processor = ModelProcessor.Load(folder.Path);
        Assert.Equal("<|im_start|>user\nq<|im_end|>", processor.EncodePrompt("q", null).Text);
        Assert.Contains("no images", Assert.Throws<InvalidInputException>(() => processor.EncodePrompt("q", new RgbImage(3, 2, new byte[18]))).Message,
            StringComparison.Ordinal);
    }

    private static string Text(IEnumerable<ChatSegment> segments) => string.Concat(segments.Select(segment => segment.Text));

    private static TemporaryFolder Copy(string template)
    {
        TemporaryFolder folder = new();
        foreach (string file in Directory.EnumerateFiles(Qwen3, "*.json")) File.Copy(file, folder.At(Path.GetFileName(file)));
        File.WriteAllText(folder.At("chat_template.json"), JsonSerializer.Serialize(new { chat_template = template }));
        return folder;
    }
}
