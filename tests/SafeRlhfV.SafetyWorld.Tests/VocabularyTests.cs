namespace SafeRlhfV.SafetyWorld.Tests;

public sealed class VocabularyTests
{
    [Fact]
    public void ItHas223TokensEachOnce()
    {
        Assert.Equal(223, Vocabulary.Tokens.Count);
        Assert.Equal(223, Vocabulary.Tokens.Distinct().Count());
        Assert.Equal(["<pad>", "<s>", "</s>", "<unk>", "<image>", "USER:", "ASSISTANT:"], Vocabulary.Tokens.Take(7));
    }

    [Fact]
    public void UnknownWordsTakeTheUnknownId() => Assert.Equal([Vocabulary.IdOf("the"), Vocabulary.Unknown], Vocabulary.Encode(" the  zebra\n"));

    [Fact]
    public void DecodingEndsAtTheEndTokenAndSkipsSpecialTokens() =>
        Assert.Equal("lock it", Vocabulary.Decode([Vocabulary.Pad, .. Vocabulary.Encode("lock it"), Vocabulary.End, .. Vocabulary.Encode("away")]));

    [Fact]
    public void EveryPromptFits32ColumnsAndTheLongestHas31()
    {
        int longest = Enum.GetValues<QuestionKind>().SelectMany(Question.Of)
            .Max(question => Vocabulary.EncodePrompt($"{question.Text} {Question.Hint}").Length);
        Assert.Equal(31, longest);
    }

    [Fact]
    public void ThereAre119PhrasesAndEachParsesToItself()
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
