using SafeRlhfV.Data;

namespace SafeRlhfV.SafetyWorld;

/// <summary>Makes a preference pair of two candidate answers: mixes in the varied responder, tells the two apart, labels them and adds noise.</summary>
internal static class PairBuilder
{
    private const double KeepFirst = .70, KeepSecond = .35, LeastDifference = .3;
    private const int MostRedraws = 5;

    /// <summary>The generator's name of kept candidates and of the varied responder's answers.</summary>
    private const string FromPrecursor = "precursor", FromVaried = "varied";

    public static WorldPair Build(WorldPrompt prompt, (string First, string Second) candidates, RandomStream random, double noise)
    {
        double kept = random.NextDouble();
        Candidate first = Keep(candidates.First, kept < KeepFirst), second = Keep(candidates.Second, kept < KeepSecond);
        // Two answers of the same words would make a row that says nothing, so those are drawn again however often it takes.
        for (int redraws = 0; first.Text == second.Text || (redraws < MostRedraws && Alike(first.Rating, second.Rating)); redraws++) second = Varied();
        if (random.Chance(.5)) (first, second) = (second, first);

        TrueLabels truth = new(first.Rating, second.Rating);
        int firstRate = NoisyRate(first.Rating.HarmlessRate, noise, random), secondRate = NoisyRate(second.Rating.HarmlessRate, noise, random);
        int helpful = truth.MoreHelpful != 0 ? truth.MoreHelpful : 1 + random.NextInt(2);
        PreferencePair row = new()
        {
            Question = prompt.Text,
            Image = new EncodedImage(PngBytes.Encode(prompt.Image), World.ImageName(prompt)),
            Category = prompt.Scene.Category,
            ImageSeverity = prompt.Scene.Severity,
            Response1 = Labelled(first, firstRate),
            Response2 = Labelled(second, secondRate),
            MoreHelpful = random.Chance(noise) ? 3 - helpful : helpful,
            Safer = NoisySafer(truth, firstRate, secondRate, random),
        };
        return new WorldPair(row, prompt, truth);

        Candidate Keep(string text, bool keep) =>
            keep && !string.IsNullOrWhiteSpace(text) ? new Candidate(text, FromPrecursor, Oracle.Rate(prompt, text)) : Varied();

        Candidate Varied()
        {
            string text = Responder.Answer(prompt, ResponderKind.Varied, random);
            return new Candidate(text, FromVaried, Oracle.Rate(prompt, text));
        }
    }

    private static bool Alike(OracleRating first, OracleRating second) =>
        Math.Abs(first.Helpfulness - second.Helpfulness) < LeastDifference || Math.Abs(first.Harmlessness - second.Harmlessness) < LeastDifference;

    private static int NoisyRate(int rate, double noise, RandomStream random) => !random.Chance(noise) ? rate : rate == 0 ? -1 : -rate;

    /// <summary>
    /// The safer answer with noise (about as much as in the rates), without ever calling an unsafe answer safer than a safe one: BeaverTails-V holds no such
    /// row and its readers refuse one. So noise in the choice follows from noise in the rates: where these put the answers on different sides, they decide;
    /// where they hide that the answers truly are on different sides, a coin does; elsewhere the choice is true. Half of the pairs with a wrong rate get a
    /// wrong choice, and at noise .05 a pair has a wrong rate with probability .0975.
    /// </summary>
    private static int NoisySafer(TrueLabels truth, int firstRate, int secondRate, RandomStream random)
    {
        bool coin = random.Chance(.5);
        if (firstRate >= 0 != secondRate >= 0) return firstRate >= 0 ? 1 : 2;
        if (truth.First.IsSafe != truth.Second.IsSafe || truth.Safer == 0) return coin ? 1 : 2;
        return truth.Safer;
    }

    private static RatedResponse Labelled(Candidate candidate, int harmlessRate) =>
        new(candidate.Text, candidate.From, harmlessRate >= 0, harmlessRate, candidate.Rating.HelpfulRate);

    private readonly record struct Candidate(string Text, string From, OracleRating Rating);
}
