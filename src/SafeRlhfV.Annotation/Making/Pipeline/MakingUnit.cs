namespace SafeRlhfV.Annotation;

/// <summary>A picture with the category and severity that questions are asked for.</summary>
internal sealed record MakingUnit(SourcePicture Picture, string Category, int Severity)
{
    public override string ToString() => $"{Picture.Path} {Category} {Severity}";
}
