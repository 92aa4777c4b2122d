namespace SafeRlhfV.Evaluation;

/// <summary>How a model fared in battles.</summary>
/// <param name="Model">The model.</param>
/// <param name="Won">Battles won in both orders.</param>
/// <param name="Tied">Ties, disagreeing orders among them.</param>
/// <param name="Lost">Battles lost in both orders.</param>
/// <param name="Elo">Elo rating in the battles' order, K 4, beginning at 1000; it depends on that order.</param>
/// <param name="BradleyTerry">Maximum-likelihood rating on Elo's scale, ties one half, mean 1000. Infinite where a model always or never won.</param>
public sealed record BattleRating(string Model, int Won, int Tied, int Lost, double Elo, double BradleyTerry)
{
    /// <summary>Won / all that could be read.</summary>
    public double WinRate => Won / (double)(Won + Tied + Lost);

    /// <summary>(won + tied / 2) / all that could be read.</summary>
    public double WinRateTiesHalf => (Won + Tied / 2.0) / (Won + Tied + Lost);
}
