namespace SafeRlhfV.Training;

/// <summary>Something that takes rows of a batch.</summary>
public interface ISized
{
    /// <summary>What it takes.</summary>
    SampleSize Size { get; }
}
