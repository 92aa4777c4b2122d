using SafeRlhfV.Data;

namespace SafeRlhfV.Annotation;

/// <summary>A pair to be annotated, without its image, which lies in the working folder.</summary>
/// <param name="Id">A hash of question, answers and image: the same pair has the same key everywhere.</param>
/// <param name="Question">The question.</param>
/// <param name="Response1">The first answer.</param>
/// <param name="Response2">The second answer.</param>
/// <param name="From1">Who wrote the first answer.</param>
/// <param name="From2">Who wrote the second answer.</param>
/// <param name="Category">The category it came with; null where an annotator must name one.</param>
/// <param name="ImagePath">The path that the image came with.</param>
/// <param name="HasImage">Whether it has an image.</param>
/// <param name="Machine">The labels it came with; null where it came without.</param>
internal sealed record AnnotationItem(
    string Id, string Question, string Response1, string Response2, string From1, string From2, string? Category, string? ImagePath, bool HasImage,
    AnnotationRecord? Machine);
