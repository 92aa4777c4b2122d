namespace SafeRlhfV.Training;

/// <summary>Type of the weights while they are trained. Moments are float32 always, and 16-bit weights have a float32 master copy.</summary>
public enum WeightType
{
    /// <summary>Four bytes a weight.</summary>
    Float32,

    /// <summary>Two bytes a weight.</summary>
    Bfloat16,
}
