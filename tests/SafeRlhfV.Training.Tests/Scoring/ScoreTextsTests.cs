using SafeRlhfV.Data;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

/// <summary>How a response is written for a server, and whether its tokens are sampled ones again there.</summary>
public sealed class ScoreTextsTests
{
    public static TheoryData<string> Families => [.. Directory.EnumerateDirectories(Golden.At("models")).Where(folder =>
        File.Exists(Path.Combine(folder, "preprocessor_config.json")) && File.Exists(Path.Combine(folder, "tokenizer.json")) && Loads(folder))
        .Select(folder => Path.GetFileName(folder))];

    /// <summary>A response that is a text is sent as that text with its end token's name; one that was cut ends without.</summary>
    [Theory, MemberData(nameof(Families))]
    public void ATextIsSentAsItIs(string family)
    {
        (ModelProcessor processor, EncodedSample prompt) = Prompt(family);
        foreach (string text in (string[])["It is a cat.", "Two lines\nand a blank at the end ", "ü, 猫"])
        {
            int[] ids = new SampleEncoder(processor, new LengthLimits()).EncodeAnswer(prompt.SentRow, text);
            ScoreText whole = One(processor, prompt with { Response = ids });
            // a small vocabulary has not every byte, and the template of a model that classifies writes something else
            if (processor.DecodeResponse(ids).Trim() != text.Trim()) continue;
            Assert.True(whole.IsExact, $"{family}: {text}");
            Assert.Equal([.. prompt.Prompt, .. ids], whole.Ids);
            Assert.Equal(text + processor.Tokenizer.TokenOf(ids[^1]), Assert.Single(whole.Messages[^1].Parts).Text);
            Assert.Equal("assistant", whole.Messages[^1].Role);
            Assert.Single(ServerMessage.Images(whole.Messages));
            if (text.EndsWith(' ')) continue;
            ScoreText cut = One(processor, prompt with { Response = ids[..^1] });
            Assert.True(cut.IsExact);
            Assert.Equal(text, cut.Messages[^1].Parts[0].Text);
        }
    }

    /// <summary>Tokens that no text is cut into, and texts that a server would read otherwise, are told apart.</summary>
    [Theory, MemberData(nameof(Families))]
    public void WhatAServerReadsOtherwiseIsNotExact(string family)
    {
        (ModelProcessor processor, EncodedSample prompt) = Prompt(family);
        Tokenizer tokenizer = processor.Tokenizer;
        int end = processor.EosTokenIds[0];
        int[] Plain(string text) => [.. tokenizer.Encode(text, addSpecialTokens: false, parseSpecialTokens: false)];
        // letter by letter in place of the word
        int[] letters = [.. "cat".Select(letter => tokenizer.IdOf(letter.ToString())!.Value), end];
        Assert.NotEqual(letters, [.. Plain("cat"), end]);
        Assert.False(One(processor, prompt with { Response = letters }).IsExact);
        // nothing but the end, or blanks: where the message ends cannot be found again
        Assert.False(One(processor, prompt with { Response = [end] }).IsExact);
        // the name of a special token, spelt out
        string name = tokenizer.TokenOf(end);
        ScoreText spelt = One(processor, prompt with { Response = [.. Plain($"a {name} b"), end] });
        Assert.False(spelt.IsExact);
        Assert.DoesNotContain(name, spelt.Messages[^1].Parts[0].Text![..^name.Length], StringComparison.Ordinal);
        // without an image the ids themselves are sent
        ScoreText ids = One(processor, prompt with { Response = letters, Images = null });
        Assert.True(ids.IsExact);
        Assert.Empty(ids.Messages);
    }

    private static ScoreText One(ModelProcessor processor, EncodedSample sample) => Assert.Single(new ScoreTexts(processor).Of([sample]));

    private static (ModelProcessor, EncodedSample) Prompt(string family)
    {
        ModelProcessor processor = ModelProcessor.Load(Golden.At("models", family));
        ConversationRecord row = PreferenceDataset.Open(Golden.At("beavertails-v", "flat")).ReadRecords(RecordParts.None).First();
        EncodedSample prompt = new SampleEncoder(processor, new LengthLimits { PromptTokens = 1 << 15, TotalTokens = 1 << 16 }).EncodePrompt(row)!;
        return (processor, prompt with { Row = row });
    }

    private static bool Loads(string folder)
    {
        try
        {
            ModelProcessor.Load(folder);
            return true;
        }
        catch (InvalidInputException)
        {
            return false;
        }
    }
}
