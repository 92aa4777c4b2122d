namespace SafeRlhfV.Audit;

/// <summary>What checking a bundle found.</summary>
/// <param name="Records">How many records it holds.</param>
/// <param name="Erased">How many of them are erased.</param>
/// <param name="Checkpoints">How many checkpoints are signed by the key.</param>
/// <param name="Proven">How many records a checkpoint covers whose tree was computed anew from the bundle.</param>
/// <param name="Faults">What is wrong; empty where all is well.</param>
public sealed record AuditBundleCheck(long Records, long Erased, int Checkpoints, long Proven, IReadOnlyList<string> Faults);
