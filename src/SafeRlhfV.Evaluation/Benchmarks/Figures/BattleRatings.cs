namespace SafeRlhfV.Evaluation;

/// <summary>Ratings of models from their battles. A battle that could not be read in both orders leaves.</summary>
/// <param name="Models">The models by name.</param>
/// <param name="Unreadable">Battles that could not be read.</param>
/// <param name="OrderDisagreements">Battles whose orders named different winners.</param>
public sealed record BattleRatings(IReadOnlyList<BattleRating> Models, int Unreadable, int OrderDisagreements)
{
    private const double Scale = 400, Base = 10, Start = 1000, K = 4;
    private const int MostSteps = 100_000;
    private const double Close = 1e-12;

    /// <summary>Rates the models.</summary>
    public static BattleRatings Of(IReadOnlyList<Battle> battles)
    {
        Battle[] read = [.. battles.Where(battle => battle.Winner is not null)];
        string[] models = [.. battles.SelectMany(battle => (string[])[battle.First, battle.Second]).Distinct().Order(StringComparer.Ordinal)];
        Dictionary<string, double> elo = Elo(models, read), strengths = Strengths(models, read);
        return new([.. models.Select(model =>
        {
            Battle[] own = [.. read.Where(battle => battle.First == model || battle.Second == model)];
            int won = own.Count(battle => battle.Winner == model), tied = own.Count(battle => battle.Winner == Battle.Tie);
            return new BattleRating(model, won, tied, own.Length - won - tied, elo[model], strengths[model]);
        })], battles.Count - read.Length, read.Count(battle => battle.OneOrder != battle.OtherOrder));
    }

    private static Dictionary<string, double> Elo(string[] models, Battle[] battles)
    {
        Dictionary<string, double> ratings = models.ToDictionary(model => model, _ => Start);
        foreach (Battle battle in battles)
        {
            double expected = 1 / (1 + Math.Pow(Base, (ratings[battle.Second] - ratings[battle.First]) / Scale));
            double change = K * (Score(battle, battle.First) - expected);
            ratings[battle.First] += change;
            ratings[battle.Second] -= change;
        }
        return ratings;
    }

    /// <summary>Minorise-maximise (Hunter 2004) for Bradley and Terry's model (1952), a tie being half a win of each.</summary>
    private static Dictionary<string, double> Strengths(string[] models, Battle[] battles)
    {
        double[,] wins = new double[models.Length, models.Length];
        foreach (Battle battle in battles)
        {
            (int first, int second) = (Array.IndexOf(models, battle.First), Array.IndexOf(models, battle.Second));
            wins[first, second] += Score(battle, battle.First);
            wins[second, first] += Score(battle, battle.Second);
        }
        double[] strengths = [.. models.Select(_ => 1.0)];
        for (int step = 0; step < MostSteps; step++)
        {
            double[] next = [.. models.Select((_, i) =>
            {
                double won = 0, met = 0;
                for (int j = 0; j < models.Length; j++)
                {
                    double games = wins[i, j] + wins[j, i];
                    won += wins[i, j];
                    if (games > 0) met += games / (strengths[i] + strengths[j]);
                }
                return met == 0 ? 1 : won / met;
            })];
            double mean = Math.Exp(next.Average(Math.Log));
            if (double.IsFinite(mean) && mean > 0) next = [.. next.Select(strength => strength / mean)];
            bool isClose = next.Zip(strengths).All(pair => Math.Abs(pair.First - pair.Second) <= Close * pair.First);
            strengths = next;
            if (isClose) break;
        }
        return models.Select((model, i) => (model, Rating: Start + Scale * Math.Log(strengths[i], Base))).ToDictionary(pair => pair.model, pair => pair.Rating);
    }

    private static double Score(Battle battle, string model) => battle.Winner == Battle.Tie ? 0.5 : battle.Winner == model ? 1 : 0;
}
