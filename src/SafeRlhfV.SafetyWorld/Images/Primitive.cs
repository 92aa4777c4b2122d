namespace SafeRlhfV.SafetyWorld;

/// <summary>A filled shape in a stamp's unit coordinates (u to the right, v down).</summary>
internal readonly record struct Primitive(Primitive.Form Shape, Primitive.Tone Paint, Rgb Fixed, double A, double B, double C, double D, double E, double F)
{
    public enum Form { Rectangle, Disk, Triangle, Star }

    /// <summary>How the colour is found: a fixed one, or from the object's colour (body as it is, dark .35 of it, light 128 + .5 of it).</summary>
    public enum Tone { Fixed, Body, Dark, Light }

    public bool Holds(double u, double v) => Shape switch
    {
        Form.Rectangle => u >= A && u < C && v >= B && v < D,
        Form.Disk => (u - A) * (u - A) + (v - B) * (v - B) < C * C,
        Form.Star => Math.Sqrt(Math.Abs(u - A) / C) + Math.Sqrt(Math.Abs(v - B) / C) < 1,
        _ => HoldsTriangle(u, v),
    };

    private bool HoldsTriangle(double u, double v)
    {
        double first = Side(A, B, C, D, u, v), second = Side(C, D, E, F, u, v), third = Side(E, F, A, B, u, v);
        return first >= 0 && second >= 0 && third >= 0 || first <= 0 && second <= 0 && third <= 0;
    }

    private static double Side(double x0, double y0, double x1, double y1, double u, double v) => (x1 - x0) * (v - y0) - (y1 - y0) * (u - x0);
}
