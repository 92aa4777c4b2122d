namespace SafeRlhfV.Training.Tests;

/// <summary>The metrics of a run whose server does nothing wrong: what every run must end in whose faults are survived.</summary>
public sealed class UndisturbedRun : IDisposable
{
    private readonly Lazy<IReadOnlyList<IReadOnlyDictionary<string, double>>> metrics;

    public UndisturbedRun() => metrics = new(() =>
    {
        ServedPpo ppo = new(Tiny);
        try
        {
            ppo.Start();
            return ServedPpo.Run(ppo.Recipe("ppo-backbone", "undisturbed"), CancellationToken.None);
        }
        finally
        {
            ppo.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    });

    public TinyRecipes Tiny { get; } = new();

    public IReadOnlyList<IReadOnlyDictionary<string, double>> Metrics => metrics.Value;

    public void Dispose() => Tiny.Dispose();
}
