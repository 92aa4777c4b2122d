namespace SafeRlhfV.Training.Tests;

/// <summary>The metrics of a run whose score servers do nothing wrong: what every run must end in whose faults are survived.</summary>
public sealed class UndisturbedScores : IDisposable
{
    private readonly Lazy<IReadOnlyList<IReadOnlyDictionary<string, double>>> metrics;

    public UndisturbedScores() => metrics = new(() =>
    {
        ServedPpo ppo = new(Tiny);
        try
        {
            ppo.StartScores();
            return ServedPpo.Run(ppo.Recipe("ppo", "undisturbed", Rounds), CancellationToken.None);
        }
        finally
        {
            ppo.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    });

    public const string Rounds = "training.rounds=2";

    public TinyRecipes Tiny { get; } = new();

    public IReadOnlyList<IReadOnlyDictionary<string, double>> Metrics => metrics.Value;

    public void Dispose() => Tiny.Dispose();
}
