using SafeRlhfV.Data;

namespace SafeRlhfV.SafetyWorld;

/// <summary>Answers questions that have one right answer, now and then wrongly, and with or without the thoughts that lead there.</summary>
internal static class ExactResponder
{
    private const double ThinkChance = .5, RightChance = .45, RichRightChance = .6, SentenceChance = .3;

    /// <summary>An answer.</summary>
    /// <param name="prompt">A prompt whose question has one right answer.</param>
    /// <param name="rich">Whether the varied responder answers, who is right more often.</param>
    /// <param name="random">Where it is drawn from.</param>
    public static string Answer(WorldPrompt prompt, bool rich, RandomStream random)
    {
        string right = prompt.RightAnswer!;
        bool thinks = random.Chance(ThinkChance);
        string[] wrong = [.. ExactQuestion.Find(prompt.Question.Text)!.Answers.Where(answer => answer != right)];
        string answer = random.Chance(rich ? RichRightChance : RightChance) ? right : random.Choice(wrong);
        string said = random.Chance(SentenceChance) ? $"the answer is {answer} ." : $"{answer} .";
        return thinks ? $"{Thoughts.Open} {Seen(prompt.Scene)} {Thoughts.Close} {said}" : said;
    }

    // what each cell holds, in order; the object with its colour
    private static string Seen(Scene scene) => string.Join(" , ", Enumerable.Range(0, Scene.CellCount).Where(cell => scene.ContentOf(cell) > 0)
        .Select(cell => cell == scene.Place ? $"{Phrasebook.Colours[scene.Colour]} {ReasoningTables.Contents[scene.ContentOf(cell)]}"
            : ReasoningTables.Contents[scene.ContentOf(cell)]));
}
