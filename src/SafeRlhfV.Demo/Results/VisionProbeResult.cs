namespace SafeRlhfV.Demo;

/// <summary>How often a greedy description of a held-out image names what is there (shares of the images).</summary>
/// <param name="Images">Images described.</param>
/// <param name="Object">The object is right.</param>
/// <param name="Colour">The colour is right.</param>
/// <param name="Mark">The hazard mark is right.</param>
/// <param name="Place">The place is right.</param>
public sealed record VisionProbeResult(int Images, double Object, double Colour, double Mark, double Place);
