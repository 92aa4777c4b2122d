namespace SafeRlhfV.Core;

/// <summary>What a stage is given when it runs.</summary>
/// <param name="Resumes">Whether what lies on the disk was begun by this stage from the same inputs, so that it may be continued.</param>
/// <param name="Report">Tells how far it is: steps done, all steps (0 = unknown), a few figures in words.</param>
/// <param name="CancellationToken">Stops it.</param>
public sealed record StageWork(bool Resumes, Action<long, long, string> Report, CancellationToken CancellationToken);
