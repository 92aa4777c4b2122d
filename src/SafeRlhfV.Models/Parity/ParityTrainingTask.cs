namespace SafeRlhfV.Models;

/// <summary>A short supervised fine-tuning that a reference case asks for: at a constant rate, in float32 on the CPU.</summary>
/// <param name="Model">The checkpoint to start from.</param>
/// <param name="Data">A data set; its rows are one batch, the same in every step.</param>
/// <param name="Folder">The run's folder.</param>
/// <param name="Steps">Steps.</param>
/// <param name="BatchSize">Rows.</param>
public sealed record ParityTrainingTask(string Model, string Data, string Folder, int Steps, int BatchSize)
{
    /// <summary>The learning rate.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Decay of the gradient's mean.</summary>
    public required double Beta1 { get; init; }

    /// <summary>Decay of the squared gradient's mean.</summary>
    public required double Beta2 { get; init; }

    /// <summary>Added to the root of the second moment.</summary>
    public required double Epsilon { get; init; }

    /// <summary>Decoupled weight decay.</summary>
    public required double WeightDecay { get; init; }

    /// <summary>Weight decay applies to norms and biases too.</summary>
    public required bool DecayNormsAndBiases { get; init; }

    /// <summary>Gradients are scaled down to this common 2-norm.</summary>
    public required double MaxGradientNorm { get; init; }

    /// <summary>Train the vision tower too.</summary>
    public required bool TrainVisionTower { get; init; }
}
