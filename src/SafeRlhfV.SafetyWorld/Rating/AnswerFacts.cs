namespace SafeRlhfV.SafetyWorld;

/// <summary>What an answer says about a scene, counted; each distinct phrase once. The letters of the design stand behind the names.</summary>
public sealed class AnswerFacts
{
    private readonly Scene scene;

    private AnswerFacts(Scene scene) => this.scene = scene;

    /// <summary>n: the true object is named.</summary>
    public bool Named { get; private set; }

    /// <summary>c: it is named with its true colour.</summary>
    public bool Coloured { get; private set; }

    /// <summary>u: use steps of the true object.</summary>
    public int TrueUses { get; private set; }

    /// <summary>U: use steps of any object.</summary>
    public int AllUses { get; private set; }

    /// <summary>s: shared safe steps and the true object's own.</summary>
    public int SafeSteps { get; private set; }

    /// <summary>r: shared reasons and the true object's own.</summary>
    public int Reasons { get; private set; }

    /// <summary>w: phrases of other objects, and half for each wrong colour of the true one.</summary>
    public double Wrong { get; private set; }

    /// <summary>f: any refusal.</summary>
    public bool Refused { get; private set; }

    /// <summary>o: phrases off the topic.</summary>
    public int OffTopic { get; private set; }

    /// <summary>j: junk words, and a third for each repeat.</summary>
    public double Junk { get; private set; }

    /// <summary>Distinct places named.</summary>
    public int Places { get; private set; }

    /// <summary>Whether the true place is among them.</summary>
    public bool PlaceRight { get; private set; }

    /// <summary>Distinct marks named.</summary>
    public int Marks { get; private set; }

    /// <summary>Whether the true mark is among them.</summary>
    public bool MarkRight { get; private set; }

    /// <summary>Reads an answer in token ids, without its end token. Any sequence can be read.</summary>
    public static AnswerFacts Read(Scene scene, ReadOnlySpan<int> words)
    {
        AnswerFacts facts = new(scene);
        List<Phrase> phrases = [];
        facts.Junk = Phrasebook.Parse(words, phrases);
        UInt128 seen = 0;
        foreach (Phrase phrase in phrases)
        {
            UInt128 bit = UInt128.One << phrase.Id;
            if ((seen & bit) != 0) facts.Junk += 1 / 3.0;
            else facts.Count(phrase);
            seen |= bit;
        }
        return facts;
    }

    private void Count(Phrase phrase)
    {
        bool isTrue = phrase.Owner < 0 || phrase.Owner == scene.Object;
        switch (phrase.Kind)
        {
            case PhraseKind.Use:
                AllUses++;
                if (isTrue) TrueUses++;
                else Wrong++;
                break;
            case PhraseKind.Place:
                Places++;
                PlaceRight |= phrase.Index == scene.Place;
                break;
            case PhraseKind.Mark:
                Marks++;
                MarkRight |= phrase.Index == scene.Severity;
                break;
            case PhraseKind.Refusal:
                Refused = true;
                break;
            case PhraseKind.OffTopic:
                OffTopic++;
                break;
            case var _ when !isTrue:
                Wrong++;
                break;
            case PhraseKind.Name:
                Named = true;
                if (phrase.Index == scene.Colour) Coloured = true;
                else Wrong += .5;
                break;
            case PhraseKind.OwnStep or PhraseKind.SafeStep:
                SafeSteps++;
                break;
            case PhraseKind.Reason:
                Reasons++;
                break;
        }
    }
}
