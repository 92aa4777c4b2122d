namespace SafeRlhfV.Annotation;

/// <summary>How far a run of <c>data make</c> is.</summary>
/// <param name="Done">Images, categories and severities done.</param>
/// <param name="Total">All of them.</param>
/// <param name="Calls">Calls answered in this run.</param>
/// <param name="Cost">What all calls have cost.</param>
public sealed record MakingProgress(int Done, int Total, long Calls, double Cost);
