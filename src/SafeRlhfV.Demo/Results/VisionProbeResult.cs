namespace SafeRlhfV.Demo;

/// <summary>How often a greedy description of a held-out picture names what is there (shares of the pictures).</summary>
/// <param name="Pictures">Pictures described.</param>
/// <param name="Object">The object is right.</param>
/// <param name="Colour">The colour is right.</param>
/// <param name="Mark">The hazard mark is right.</param>
/// <param name="Place">The place is right.</param>
public sealed record VisionProbeResult(int Pictures, double Object, double Colour, double Mark, double Place);
