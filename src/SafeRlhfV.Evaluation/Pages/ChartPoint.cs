namespace SafeRlhfV.Evaluation;

/// <summary>One point of a chart; where a coordinate is no finite number, the line has a gap.</summary>
/// <param name="X">Along the lower axis.</param>
/// <param name="Y">Along the upright axis.</param>
internal sealed record ChartPoint(double X, double Y)
{
    /// <summary>The interval of X.</summary>
    public (double Low, double High)? AcrossInterval { get; init; }

    /// <summary>The interval of Y.</summary>
    public (double Low, double High)? UpInterval { get; init; }

    /// <summary>Written beside the mark.</summary>
    public string Label { get; init; } = "";

    /// <summary>The label is bold.</summary>
    public bool LabelBold { get; init; }

    /// <summary>The label stands left of the mark, not right.</summary>
    public bool LabelLeft { get; init; }

    /// <summary>The label stands below the mark, not above.</summary>
    public bool LabelBelow { get; init; }

    /// <summary>Radius of the mark, pixels; 0 = the series'.</summary>
    public double Radius { get; init; }

    /// <summary>Shown where a pointer rests on the mark.</summary>
    public string Tip { get; init; } = "";
}
