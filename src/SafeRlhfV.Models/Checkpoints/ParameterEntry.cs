namespace SafeRlhfV.Models;

/// <summary>One parameter that a model of some config has.</summary>
/// <param name="Name">Canonical name, as in <see cref="KeyLayout"/>.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Shape">Its shape.</param>
public sealed record ParameterEntry(string Name, ParameterKind Kind, IReadOnlyList<long> Shape)
{
    /// <summary>Numbers in it.</summary>
    public long Count => Shape.Aggregate(1L, (product, size) => product * size);
}
