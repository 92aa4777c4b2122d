namespace SafeRlhfV.Demo;

/// <summary>How a method looks in every chart: a colour with contrast on light and on dark, and a shape, so that colour is never the only sign.</summary>
internal sealed record MethodStyle(string Colour, string Symbol)
{
    private static readonly MethodStyle[] Further = [new("#a0522d", "pentagon"), new("#5f7f2e", "hexagon"), new("#b0477f", "cross")];

    public static MethodStyle Of(string id) => id switch
    {
        MethodIds.Start => new("#7b828c", "circle"),
        MethodIds.PpoHelpful => new("#d4600a", "triangle-up"),
        MethodIds.PpoSafe => new("#2f7fd6", "square"),
        MethodIds.DpoHelpful => new("#b08600", "triangle-down"),
        MethodIds.DpoSafe => new("#8666d1", "diamond"),
        MethodIds.SafeRlhfV => new("#0e9467", "star"),
        _ => Further[id.Sum(letter => letter) % Further.Length],
    };
}
