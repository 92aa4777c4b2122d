namespace SafeRlhfV.Guard;

/// <summary>Says how likely a text is an injection: that it gives the model orders which are not its author's to give.</summary>
public interface IInjectionJudge
{
    /// <summary>A short name for audit records.</summary>
    string Name { get; }

    /// <summary>Probabilities, 0..1, one for each text in the same order. May throw: the guard blocks then.</summary>
    Task<IReadOnlyList<double>> ScoreAsync(IReadOnlyList<InjectionText> texts, CancellationToken cancellationToken = default);
}
