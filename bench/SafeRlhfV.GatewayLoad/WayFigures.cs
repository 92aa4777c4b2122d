namespace SafeRlhfV.GatewayLoad;

/// <summary>What was measured of one way to the upstream.</summary>
/// <param name="Name">What the table calls it.</param>
internal sealed record WayFigures(string Name)
{
    /// <summary>Milliseconds from when each request was due to its answer, at a fixed rate.</summary>
    public List<double> Times { get; } = [];

    /// <summary>Requests a second of some callers, for each round.</summary>
    public List<double> Rates { get; } = [];

    /// <summary>The server's processor time a request in milliseconds, for each round.</summary>
    public List<double> Costs { get; } = [];

    public double Rate => Percentiles.At(Rates, 0.5);

    public double Cost => Percentiles.At(Costs, 0.5);
}
