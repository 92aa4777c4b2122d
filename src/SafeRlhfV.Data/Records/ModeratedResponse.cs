namespace SafeRlhfV.Data;

/// <summary>One row of the flat BeaverTails-V layout, which the guard learns from: an image, a question, one answer and its yes/no label.</summary>
public sealed record ModeratedResponse(string Question, EncodedImage? Image, string Category, int ImageSeverity, string Response, bool IsResponseSafe);
