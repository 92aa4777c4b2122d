using SafeRlhfV.Data;

namespace SafeRlhfV.Annotation;

/// <summary>A pair with its labels and its judgements; the image is read again when it is written.</summary>
internal sealed record MadePair(SourceImage Image, PreferencePair Pair, IReadOnlyList<AnnotationRecord> Judgements)
{
    /// <summary>The pair with its image.</summary>
    /// <exception cref="InvalidInputException">The image was changed meanwhile.</exception>
    public PreferencePair WithImage() => Pair with
    {
        Image = Image.Read()
            ?? throw new InvalidInputException($"{Image.File}: the image was changed while the pairs were made; put it back and run again."),
    };
}
