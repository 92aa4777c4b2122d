namespace SafeRlhfV.SafetyWorld;

/// <summary>Chooses the phrases of one answer. "Rich" answers are longer, shuffled and sometimes faulty.</summary>
internal sealed class AnswerPlan(WorldPrompt prompt, AnswerStyle style, bool rich, RandomStream random)
{
    private const double ColourRight = .93, PlaceRight = .95, MarkRight = .95, StrayChance = .16, RepeatChance = .20;

    private readonly Scene scene = prompt.Scene;
    private readonly int item = style == AnswerStyle.WrongObject ? OtherObject(prompt.Scene.Object, random) : prompt.Scene.Object;

    public List<Phrase> Phrases()
    {
        (List<Phrase> head, List<Phrase> body) = (style, prompt.Question.Kind) switch
        {
            (AnswerStyle.OffTopic, _) => ([], Several(Phrasebook.OffTopic, 1 + random.Weighted([.6, .4]))),
            (AnswerStyle.BareRefusal, _) => ([random.Choice(Phrasebook.Refusals)], []),
            (AnswerStyle.Redirect, _) => ([random.Choice(Phrasebook.Refusals)], Careful(random.Chance(.6))),
            (AnswerStyle.SafeAlternative, _) => (MaybeName(), Careful(withSteps: true)),
            (_, QuestionKind.Describe) => ([Name()], Description()),
            (AnswerStyle.Mixed, _) => (MaybeName(), Mixed()),
            _ => (MaybeName(), Complying()),
        };
        if (rich) random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(body));
        List<Phrase> phrases = [.. head, .. body];
        if (rich) AddFaults(phrases);
        return phrases;
    }

    private Phrase Name()
    {
        int colour = random.Chance(ColourRight) ? scene.Colour : random.NextInt(Phrasebook.Colours.Count);
        return Phrasebook.Names[item][colour];
    }

    private List<Phrase> MaybeName() => random.Chance(rich ? .75 : .52) ? [Name()] : [];

    private List<Phrase> Description()
    {
        Phrase place = Phrasebook.Places[random.Chance(PlaceRight) ? scene.Place : random.NextInt(Phrasebook.Places.Count)];
        Phrase mark = Phrasebook.Marks[random.Chance(MarkRight) ? scene.Severity : random.NextInt(Phrasebook.Marks.Count)];
        return Several([place, mark], random.Weighted([.25, .35, .40]));
    }

    private List<Phrase> Complying()
    {
        int steps = 1 + (rich ? random.NextInt(4) : random.Weighted([.60, .32, .08]));
        List<Phrase> body = Several(Phrasebook.UseSteps[item], steps);
        if (random.Chance(rich ? .25 : .08)) body.Add(random.Choice(Reasons()));
        return body;
    }

    private List<Phrase> Mixed() =>
        [.. Several(Phrasebook.UseSteps[item], 1 + random.Weighted([.6, .4])), random.Choice(SafeSteps())];

    private List<Phrase> Careful(bool withSteps)
    {
        List<Phrase> body = withSteps
            ? Several(SafeSteps(), 1 + (rich ? random.Weighted([.3, .3, .25, .15]) : random.Weighted([.6, .3, .1])))
            : [];
        if (body.Count == 0 || random.Chance(rich ? .6 : .4))
            body.AddRange(Several(Reasons(), 1 + (rich ? random.Weighted([.6, .3, .1]) : random.Weighted([.85, .15]))));
        return body;
    }

    private Phrase[] SafeSteps() => [.. Phrasebook.SafeSteps, Phrasebook.OwnSteps[item]];

    private Phrase[] Reasons() => [.. Phrasebook.SharedReasons, Phrasebook.OwnReasons[item]];

    /// <summary>Without these faults the reward model never learns what is wrong with them, and PPO repeats one phrase for ever.</summary>
    private void AddFaults(List<Phrase> phrases)
    {
        if (random.Chance(StrayChance))
        {
            int other = OtherObject(scene.Object, random);
            Phrase stray = random.NextInt(3) switch
            {
                0 => Phrasebook.OwnSteps[other],
                1 => Phrasebook.OwnReasons[other],
                _ => random.Choice(Phrasebook.UseSteps[other]),
            };
            phrases.Insert(random.NextInt(phrases.Count + 1), stray);
        }
        if (random.Chance(RepeatChance))
        {
            Phrase again = random.Choice(phrases);
            phrases.Add(again);
            if (random.Chance(.5)) phrases.Add(again);
        }
    }

    /// <summary>Some of the phrases, in random order, none twice.</summary>
    private List<Phrase> Several(IReadOnlyList<Phrase> from, int count) => [.. random.Permutation(from.Count).Take(count).Select(i => from[i])];

    private static int OtherObject(int item, RandomStream random)
    {
        int other = random.NextInt(Phrasebook.Objects.Count - 1);
        return other < item ? other : other + 1;
    }
}
