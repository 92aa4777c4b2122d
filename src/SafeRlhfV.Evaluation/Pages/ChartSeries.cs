namespace SafeRlhfV.Evaluation;

/// <summary>Points of one colour, with a line through them, marks on them, or both.</summary>
/// <param name="Name">Its name in the legend and where a pointer rests.</param>
/// <param name="Colour">Its colour's number, 0..<see cref="Colours"/>-1: what the style sheet makes of it reads on light and on dark.</param>
/// <param name="Points">The points, in order.</param>
internal sealed record ChartSeries(string Name, int Colour, IReadOnlyList<ChartPoint> Points)
{
    /// <summary>How many colours there are.</summary>
    public const int Colours = 10;

    /// <summary>Dashes of lines that colour alone would not tell apart.</summary>
    public static readonly IReadOnlyList<string> Dashes = ["", "2 3", "7 4", "8 3 2 3", "12 4", "12 3 2 3"];

    /// <summary>Width of the line, pixels; 0 = no line.</summary>
    public double Line { get; init; }

    /// <summary>The line's dashes as SVG writes them; empty = solid.</summary>
    public string Dash { get; init; } = "";

    /// <summary>The mark on each point; null = none.</summary>
    public ChartMark? Mark { get; init; }

    /// <summary>Radius of the marks, pixels.</summary>
    public double Radius { get; init; } = 5;

    /// <summary>Drawn pale, and left out of the legend and of the tips of columns.</summary>
    public bool Faint { get; init; }

    /// <summary>Intervals of Y are drawn as one band, not as bars.</summary>
    public bool Band { get; init; }
}
