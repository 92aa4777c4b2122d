using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Demo;

/// <summary>A figure of the results in its unit, as a reader wants it.</summary>
internal static class FigureText
{
    public static string Of(double value, FigureUnit unit) => double.IsNaN(value)
        ? "not measured"
        : unit switch
        {
            FigureUnit.Percent => $"{Words.Number(value, 1)}\u00A0%",
            FigureUnit.Points => $"{Words.Signed(value, 1)} points",
            _ => Words.Number(value),
        };
}
