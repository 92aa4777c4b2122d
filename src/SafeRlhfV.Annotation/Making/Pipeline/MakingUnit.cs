namespace SafeRlhfV.Annotation;

/// <summary>An image with the category and severity that questions are asked for.</summary>
internal sealed record MakingUnit(SourceImage Image, string Category, int Severity)
{
    public override string ToString() => $"{Image.Path} {Category} {Severity}";
}
