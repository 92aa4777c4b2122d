namespace SafeRlhfV.Training;

/// <summary>A text for the guard with its label.</summary>
public sealed record GuardSample(EncodedSample Sample, GuardLabel Label) : ISized
{
    /// <inheritdoc/>
    public SampleSize Size => Sample.Size;
}
