namespace SafeRlhfV.Demo;

/// <summary>
/// A figure of the paper (arXiv 2503.17682) beside this run's, in another world and of another model: for orientation, not a comparison of like with like.
/// </summary>
/// <param name="Name">What was measured.</param>
/// <param name="Paper">The paper's figure, in <paramref name="Unit"/>.</param>
/// <param name="Reached">This run's, in <paramref name="Unit"/>; NaN where not measured.</param>
/// <param name="Unit">How both are written.</param>
/// <param name="Source">Where the paper says it.</param>
public sealed record PaperFigure(string Name, double Paper, double Reached, FigureUnit Unit, string Source);
