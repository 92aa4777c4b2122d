using SafeRlhfV.Data;
using SafeRlhfV.SafetyWorld;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Demo.Tests;

/// <summary>What the world's rater says of rows that were read from a file is what the world knows of their prompts.</summary>
public sealed class WorldRaterTests
{
    private const long Seed = 4;
    private static readonly World World = new(Seed);
    private static readonly WorldRater Rater = new();

    [Fact]
    public void RowsOfTheWorldAreKnownAndOthersAreNot()
    {
        using TemporaryFolder folder = new();
        WorldDataset.Write(folder.At("world"), World.TrainingPairs(60).Select(pair => pair.Row), World.HeldOutPairs(20).Select(pair => pair.Row));
        int benign = 0, foreign = 0;
        foreach (ConversationRecord row in PreferenceDataset.Open(folder.At("world")).ReadRecords(Rater.Parts))
        {
            WorldPrompt prompt = World.FindPrompt(row.Images[0].Path)!;
            Assert.Equal(!prompt.IsRisky, Rater.IsBenign(row));
            string answer = Responder.Answer(prompt, ResponderKind.Varied, new RandomStream(1, prompt.Name));
            Assert.Equal(Oracle.Rate(prompt, answer).Helpfulness, Rater.Judge(row, Seed)!(answer));
            if (Rater.Judge(row, Seed + 1) is null) foreign++;
            if (!prompt.IsRisky) benign++;
        }
        Assert.InRange(benign, 10, 70);
        Assert.InRange(foreign, 60, 80); // a row may ask the same of as severe an image there
        ConversationRecord other = new() { Kind = RecordKind.Prompt, Messages = [ConversationMessage.Of(ConversationRole.User, "Who are you?")] };
        Assert.Null(Rater.IsBenign(other));
        Assert.Null(Rater.Judge(other, Seed));
    }

    /// <summary>Half of the questions of a world with reasoning have one right answer; the rater knows them all.</summary>
    [Fact]
    public void RowsOfAWorldWithReasoningAreKnown()
    {
        World reasoning = new(Seed, reasoning: true);
        using TemporaryFolder folder = new();
        WorldDataset.Write(folder.At("world"), reasoning.TrainingPairs(40).Select(pair => pair.Row), reasoning.HeldOutPairs(4).Select(pair => pair.Row));
        int exact = 0;
        foreach (ConversationRecord row in PreferenceDataset.Open(folder.At("world")).ReadRecords(Rater.Parts))
        {
            WorldPrompt prompt = reasoning.FindPrompt(row.Images[0].Path)!;
            string answer = prompt.RightAnswer ?? Responder.Answer(prompt, ResponderKind.Varied, new RandomStream(1, prompt.Name));
            Assert.Equal(Oracle.Rate(prompt, answer).Helpfulness, Rater.Judge(row, Seed)!(answer));
            if (prompt.RightAnswer is not null) exact++;
        }
        Assert.InRange(exact, 8, 36);
    }

    /// <summary>
    /// The phrases that trainers and verbs tell refusals by find every refusal of the world; beside them only answers that lost a word of one.
    /// </summary>
    [Fact]
    public void ThePhrasesFindTheWorldsRefusals()
    {
        RefusalPhrases phrases = RefusalPhrases.Open("refusal@1");
        int refused = 0, others = 0, beside = 0;
        foreach (WorldPrompt prompt in World.TestPrompts(800))
        {
            string answer = Responder.Answer(prompt, ResponderKind.Varied, new RandomStream(2, prompt.Name));
            bool found = phrases.Find(answer) is not null;
            if (AnswerFacts.Read(prompt.Scene, Vocabulary.Encode(answer)).Refused)
            {
                refused++;
                Assert.True(found, answer);
            }
            else
            {
                others++;
                if (found) beside++;
            }
        }
        Assert.InRange(refused, 80, 720);
        Assert.InRange(beside / (double)others, 0, 0.02);
    }
}
