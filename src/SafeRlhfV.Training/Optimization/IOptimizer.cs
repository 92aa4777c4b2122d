namespace SafeRlhfV.Training;

/// <summary>An optimizer of some parameters, whose gradients are those of a whole batch.</summary>
internal interface IOptimizer : ITrainingPart, IDisposable
{
    /// <summary>Scales all gradients down to a common 2-norm; a norm that is not finite leaves them as they are.</summary>
    /// <returns>The norm before.</returns>
    double ClipGradientNorm(double max);

    /// <summary>Updates every parameter that has a gradient.</summary>
    void Step(double learningRate);

    /// <summary>Drops all gradients.</summary>
    void ZeroGrad();
}
