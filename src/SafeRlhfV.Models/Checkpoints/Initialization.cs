namespace SafeRlhfV.Models;

/// <summary>How a new model's parameters are drawn.</summary>
public sealed record Initialization
{
    /// <summary>Deviation of linear weights and embeddings outside the vision tower.</summary>
    public double Deviation { get; init; } = 0.02;

    /// <summary>Deviation of class token, positions and newline vector.</summary>
    public double TokenDeviation { get; init; } = 0.02;

    /// <summary>Biases outside the tower are drawn as PyTorch's layers draw them; otherwise they are zero.</summary>
    public bool DefaultBiases { get; init; }

    /// <summary>The tower's layers are drawn as PyTorch's layers draw them: uniform within 1 / sqrt(inputs). Otherwise as the rest of the model.</summary>
    public bool DefaultTower { get; init; }

    /// <summary>As transformers draws new models.</summary>
    public static Initialization Transformers { get; } = new();

    /// <summary>As the built-in world asks: weights N(0, .05), tower and projector biases by PyTorch's defaults, class token and positions N(0, .02).</summary>
    public static Initialization BuiltInWorld { get; } = new() { Deviation = 0.05, DefaultBiases = true, DefaultTower = true };
}
