using SafeRlhfV.Data;

namespace SafeRlhfV.Annotation;

/// <summary>A pair with its labels and its judgements; the image is read again when it is written.</summary>
internal sealed record MadePair(SourceImage Image, PreferencePair Pair, IReadOnlyList<AnnotationRecord> Judgements);
