using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Demo;

/// <summary>How a method looks in every chart: a colour, and a shape, so that colour is never the only sign.</summary>
/// <param name="Colour">The colour's number in the style sheet.</param>
/// <param name="Mark">The shape.</param>
internal sealed record MethodStyle(int Colour, ChartMark Mark)
{
    private static readonly MethodStyle[] Further = [new(7, ChartMark.Hexagon), new(8, ChartMark.Cross)];

    public static MethodStyle Of(string id) => id switch
    {
        MethodIds.Start => new(0, ChartMark.Circle),
        MethodIds.PpoHelpful => new(1, ChartMark.TriangleUp),
        MethodIds.PpoSafe => new(2, ChartMark.Square),
        MethodIds.DpoHelpful => new(3, ChartMark.TriangleDown),
        MethodIds.DpoSafe => new(4, ChartMark.Diamond),
        MethodIds.SafeRlhfV => new(5, ChartMark.Star),
        MethodIds.Grpo => new(6, ChartMark.Pentagon),
        _ => Further[id.Sum(letter => letter) % Further.Length],
    };

    /// <summary>A spot in the method's colour.</summary>
    public static Markup Swatch(string id) => Markup.Of($"<i class=\"swatch s{Of(id).Colour}\" aria-hidden=\"true\"></i>");
}
