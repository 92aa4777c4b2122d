namespace SafeRlhfV.Training;

/// <summary>Settings of <see cref="AdamW"/>; the defaults are the paper's.</summary>
/// <param name="Beta1">Decay of the gradient's mean.</param>
/// <param name="Beta2">Decay of the squared gradient's mean.</param>
/// <param name="Epsilon">Added to the root of the second moment.</param>
/// <param name="WeightDecay">Decoupled weight decay, times the learning rate. Norms and biases have none (<see cref="Training.WeightDecay"/>).</param>
public sealed record AdamWOptions(double Beta1 = 0.9, double Beta2 = 0.95, double Epsilon = 1e-8, double WeightDecay = 0)
{
    /// <summary>Weight decay applies to norms and biases too, as in plain torch.optim.AdamW.</summary>
    public bool DecayNormsAndBiases { get; init; }

    /// <summary>
    /// Moments and master copies lie in host memory and come to the device in parts, for their update alone. Without effect on the CPU, where they are already.
    /// </summary>
    public bool Offload { get; init; }

    /// <summary>What of them is on the device at a time.</summary>
    internal long PartBytes { get; init; } = 256L << 20;
}
