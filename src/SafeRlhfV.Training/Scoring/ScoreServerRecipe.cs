namespace SafeRlhfV.Training;

/// <summary>The servers of one score model.</summary>
public sealed record ScoreServerRecipe
{
    /// <summary>Addresses of the servers, such as http://127.0.0.1:8001; all serve the same model. Requests are spread over them, and one may fail.</summary>
    [Place]
    public IReadOnlyList<string> Endpoints { get; init; } = [];

    /// <summary>The name under which the model is served; empty = the first name that a server lists.</summary>
    [Place]
    public string Model { get; init; } = "";
}
