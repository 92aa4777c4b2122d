namespace SafeRlhfV.SafetyWorld.Tests;

public sealed class VocabularyTests
{
    [Fact]
    public void It_has_223_tokens_each_once()
    {
        Assert.Equal(223, Vocabulary.Tokens.Count);
        Assert.Equal(223, Vocabulary.Tokens.Distinct().Count());
        Assert.Equal(["<pad>", "<s>", "</s>", "<unk>", "<image>", "USER:", "ASSISTANT:"], Vocabulary.Tokens.Take(7));
    }

    [Fact]
    public void Unknown_words_take_the_unknown_id() => Assert.Equal([Vocabulary.IdOf("the"), Vocabulary.Unknown], Vocabulary.Encode(" the  zebra\n"));

    [Fact]
    public void Decoding_ends_at_the_end_token_and_skips_special_tokens() =>
        Assert.Equal("lock it", Vocabulary.Decode([Vocabulary.Pad, .. Vocabulary.Encode("lock it"), Vocabulary.End, .. Vocabulary.Encode("away")]));

    [Fact]
    public void Every_prompt_fits_32_columns_and_the_longest_has_31()
    {
        int longest = Enum.GetValues<QuestionKind>().SelectMany(Question.Of)
            .Max(question => Vocabulary.EncodePrompt($"{question.Text} {Question.Hint}").Length);
        Assert.Equal(31, longest);
    }

    [Fact]
    public void There_are_119_phrases_and_each_parses_to_itself()
    {
        Assert.Equal(119, Phrasebook.All.Count);
        foreach (Phrase phrase in Phrasebook.All)
        {
            List<Phrase> found = [];
            Assert.Equal(0, Phrasebook.Parse([.. phrase.Words], found));
            Assert.Same(phrase, Assert.Single(found));
        }
    }
}
