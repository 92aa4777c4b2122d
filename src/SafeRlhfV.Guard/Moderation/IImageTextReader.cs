namespace SafeRlhfV.Guard;

/// <summary>Reads the words in images. May throw: the guard blocks then.</summary>
public interface IImageTextReader
{
    /// <summary>A short name for audit records, such as tesseract-5.3.0.</summary>
    string Name { get; }

    /// <summary>The texts of an image: one for each way to look at it in which there are words; empty where there are none.</summary>
    Task<IReadOnlyList<string>> ReadAsync(ModerationImage image, CancellationToken cancellationToken = default);
}
