namespace SafeRlhfV.Evaluation;

/// <summary>Shapes of marks, so that colour is never the only sign.</summary>
internal enum ChartMark
{
    Circle,
    Ring,
    Square,
    Diamond,
    TriangleUp,
    TriangleDown,
    Star,
    Pentagon,
    Hexagon,
    Cross,
}
