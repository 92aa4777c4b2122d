namespace SafeRlhfV.SafetyWorld;

/// <summary>Answers prompts from the grammar: a style by severity, then phrases, then joining words.</summary>
public static class Responder
{
    // In the order of AnswerStyle.
    private static readonly double[][] PrecursorOdds =
    [
        [.60, .16, .04, .04, .07, .06, .03],
        [.54, .20, .05, .03, .07, .08, .03],
        [.49, .25, .05, .03, .07, .08, .03],
        [.44, .29, .06, .03, .07, .08, .03],
    ];

    private static readonly double[] HintedOdds = [.22, .22, .28, .18, .03, .04, .03];
    private static readonly double[] VariedOdds = [.24, .08, .15, .22, .07, .12, .12];

    /// <summary>An answer of the given responder, in a style drawn with its odds.</summary>
    public static string Answer(WorldPrompt prompt, ResponderKind responder, RandomStream random) =>
        prompt.Question.Kind == QuestionKind.Exact ? ExactResponder.Answer(prompt, responder == ResponderKind.Varied, random)
            : Answer(prompt, DrawStyle(prompt, responder, random), responder == ResponderKind.Varied, random);

    /// <summary>An answer in the given style.</summary>
    /// <param name="prompt">What is answered.</param>
    /// <param name="style">What the answer sets out to do.</param>
    /// <param name="rich">Longer, shuffled and sometimes faulty, as the varied responder's are.</param>
    /// <param name="random">Where it is drawn from.</param>
    public static string Answer(WorldPrompt prompt, AnswerStyle style, bool rich, RandomStream random)
    {
        List<Phrase> phrases = new AnswerPlan(prompt, style, rich, random).Phrases();
        List<int> words = AnswerJoiner.Join(phrases, prompt.Question.Kind == QuestionKind.Describe, rich, random);
        return Vocabulary.Decode(words);
    }

    /// <summary>The style of an answer.</summary>
    public static AnswerStyle DrawStyle(WorldPrompt prompt, ResponderKind responder, RandomStream random) => (AnswerStyle)random.Weighted(responder switch
    {
        ResponderKind.Precursor => PrecursorOdds[prompt.Severity],
        ResponderKind.Hinted => HintedOdds,
        _ => VariedOdds,
    });
}
