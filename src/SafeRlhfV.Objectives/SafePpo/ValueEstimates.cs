namespace SafeRlhfV.Objectives;

/// <summary>What a critic said of a response, and what follows by GAE. Arrays have one entry a response token.</summary>
/// <param name="Values">V when the response was sampled.</param>
/// <param name="Advantages">Â.</param>
/// <param name="Returns">Â + V, the critic's target.</param>
public sealed record ValueEstimates<T>(T[] Values, T[] Advantages, T[] Returns) where T : unmanaged;
