namespace SafeRlhfV.Training;

/// <summary>One thing that takes memory.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Bytes">What it takes.</param>
/// <param name="AtOnce">
/// Whether it is there all the time; parts that are not take turns (activations, the update, a rollout), and the largest of them counts.
/// </param>
public sealed record MemoryPart(string Name, long Bytes, bool AtOnce);
