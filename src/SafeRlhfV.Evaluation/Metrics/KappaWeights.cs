namespace SafeRlhfV.Evaluation;

/// <summary>How far apart two labels count in Cohen's kappa.</summary>
public enum KappaWeights
{
    /// <summary>Equal or not.</summary>
    None,

    /// <summary>|a - b|.</summary>
    Linear,

    /// <summary>(a - b) squared.</summary>
    Quadratic,
}
