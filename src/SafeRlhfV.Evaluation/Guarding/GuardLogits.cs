namespace SafeRlhfV.Evaluation;

/// <summary>A guard's heads for one example, before any temperature.</summary>
/// <param name="Verdict">"Unsafe".</param>
/// <param name="Categories">[20], in the taxonomy's order.</param>
/// <param name="Severities">[4], none to severe.</param>
public sealed record GuardLogits(double Verdict, IReadOnlyList<double> Categories, IReadOnlyList<double> Severities);
