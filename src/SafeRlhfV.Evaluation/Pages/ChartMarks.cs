namespace SafeRlhfV.Evaluation;

/// <summary>Marks as SVG paths around 0, 0.</summary>
internal static class ChartMarks
{
    public static Markup Draw(ChartMark mark, double radius) => mark switch
    {
        ChartMark.Circle => Markup.Of($"<circle class=\"mark\" r=\"{Svg.Number(radius)}\"/>"),
        ChartMark.Ring => Markup.Of($"<circle class=\"ring\" r=\"{Svg.Number(radius)}\"/>"),
        _ => Markup.Of($"<path class=\"mark\" d=\"{Outline(mark, radius)}\"/>"),
    };

    private static string Outline(ChartMark mark, double r) => mark switch
    {
        ChartMark.Square => Polygon(4, 1.25 * r, 0.5),
        ChartMark.Diamond => Polygon(4, 1.3 * r),
        ChartMark.TriangleUp => Polygon(3, 1.3 * r),
        ChartMark.TriangleDown => Polygon(3, 1.3 * r, 0.5),
        ChartMark.Pentagon => Polygon(5, 1.15 * r),
        ChartMark.Hexagon => Polygon(6, 1.15 * r),
        ChartMark.Star => Polygon(10, 1.35 * r, 0, 0.45),
        _ => Polygon(12, 1.3 * r, -0.5, 0.4, 3),
    };

    // corners on a circle, the first at the top or turned by a part of a corner; every so many corners lie further in
    private static string Polygon(int corners, double radius, double turn = 0, double inner = 1, int every = 2)
    {
        return $"M{string.Join('L', Enumerable.Range(0, corners).Select(Corner))}Z";

        string Corner(int i)
        {
            double angle = 2 * Math.PI * (i + turn) / corners, r = i % every == every - 1 ? inner * radius : radius;
            return $"{Svg.Number(r * Math.Sin(angle))} {Svg.Number(-r * Math.Cos(angle))}";
        }
    }
}
