namespace SafeRlhfV.Training;

/// <summary>What a step of a trainer of one model computes, for memory and time plans.</summary>
/// <param name="IsPolicy">The output layer is used and trained: log-probabilities of the response tokens. False: a score head reads the last state.</param>
/// <param name="Responses">Responses that each row is learnt with.</param>
/// <param name="HasReference">A frozen copy computes log-probabilities too; under an adapter it is the bare backbone and takes no memory.</param>
public sealed record StepCost(bool IsPolicy, int Responses, bool HasReference = false)
{
    /// <summary>Outputs of a score's head, of which there may be several.</summary>
    public int Outputs { get; init; }
}
