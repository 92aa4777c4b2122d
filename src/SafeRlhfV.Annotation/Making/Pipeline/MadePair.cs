using SafeRlhfV.Data;

namespace SafeRlhfV.Annotation;

/// <summary>A pair with its labels and its judgements; the picture is read again when it is written.</summary>
internal sealed record MadePair(SourcePicture Picture, PreferencePair Pair, IReadOnlyList<AnnotationRecord> Judgements);
