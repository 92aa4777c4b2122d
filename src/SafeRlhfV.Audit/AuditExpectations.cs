namespace SafeRlhfV.Audit;

/// <summary>What is known of a trail from elsewhere, for <see cref="AuditReader.VerifyAgainstAsync"/>.</summary>
public sealed record AuditExpectations
{
    /// <summary>A head noted earlier, which must still be part of its chain: it proves that the end was not cut off. Null for none.</summary>
    public AuditMark? Head { get; init; }

    /// <summary>The public key that the trail's checkpoints must verify with; null leaves them unchecked.</summary>
    public AuditVerifier? Verifier { get; init; }

    /// <summary>Checkpoints kept elsewhere, opened with the public key: the trail must continue each of them.</summary>
    public IReadOnlyList<AuditCheckpoint> Notes { get; init; } = [];
}
