namespace SafeRlhfV.SafetyWorld;

/// <summary>Joins phrases to the words of an answer, now and then with a slip.</summary>
internal static class AnswerJoiner
{
    /// <summary>Words an answer may have; the end token makes one more.</summary>
    public const int MaximumWords = Vocabulary.ResponseLength - 1;

    private static readonly int[] Joiners = [Vocabulary.IdOf(","), Vocabulary.IdOf("and"), Vocabulary.IdOf("then")];
    private static readonly double[] JoinerOdds = [.6, .2, .2];
    private static readonly int Colon = Vocabulary.IdOf(":"), Stop = Vocabulary.IdOf(".");

    public static List<int> Join(IReadOnlyList<Phrase> phrases, bool describing, bool rich, RandomStream random)
    {
        List<int> words = [];
        for (int i = 0; i < phrases.Count; i++)
        {
            words.AddRange(phrases[i].Words);
            if (i == phrases.Count - 1) words.Add(Stop);
            else if (phrases[i].Kind == PhraseKind.Name && !describing) words.Add(Colon);
            else words.Add(Joiners[random.Weighted(JoinerOdds)]);
        }
        if (random.Chance(rich ? .06 : .03)) Slip(words, random);
        if (words.Count > MaximumWords) words.RemoveRange(MaximumWords, words.Count - MaximumWords);
        return words;
    }

    /// <summary>One word is lost or doubled.</summary>
    private static void Slip(List<int> words, RandomStream random)
    {
        int at = random.NextInt(words.Count);
        if (random.Chance(.5)) words.RemoveAt(at);
        else words.Insert(at, words[at]);
    }
}
