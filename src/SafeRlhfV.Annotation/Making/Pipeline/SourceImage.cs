using SafeRlhfV.Data;

namespace SafeRlhfV.Annotation;

/// <summary>An image of the source folder.</summary>
/// <param name="Path">Its path below the folder, with '/'.</param>
/// <param name="File">Where it lies.</param>
/// <param name="Category">The category whose folder it lies in; null where it lies in none.</param>
internal sealed record SourceImage(string Path, string File, string? Category)
{
    private static readonly string[] Extensions = [".png", ".jpg", ".jpeg", ".webp", ".gif"];

    /// <summary>The images below a folder, by path.</summary>
    /// <exception cref="InvalidInputException">There is no such folder, or no image in it.</exception>
    public static IReadOnlyList<SourceImage> Find(string folder)
    {
        if (!Directory.Exists(folder)) throw new InvalidInputException($"{folder}: there is no such folder; give one with images.");
        EnumerationOptions options = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.Hidden, IgnoreInaccessible = false };
        SourceImage[] found =
        [
            .. Directory.EnumerateFiles(folder, "*", options).Where(file => Extensions.Contains(System.IO.Path.GetExtension(file).ToLowerInvariant()))
                .Select(file => new SourceImage(System.IO.Path.GetRelativePath(folder, file).Replace('\\', '/'), file,
                    CategoryOf(System.IO.Path.GetRelativePath(folder, file))))
                .OrderBy(image => image.Path, StringComparer.Ordinal),
        ];
        return found.Length > 0
            ? found
            : throw new InvalidInputException($"{folder}: no image ({string.Join(", ", Extensions)}) lies there; give a folder with images.");
    }

    /// <summary>The image's bytes; null where it is no sound image.</summary>
    public EncodedImage? Read()
    {
        byte[] bytes = System.IO.File.ReadAllBytes(File);
        return ImageThumbnail.Of(bytes, 1) is not null && ImageHeader.Read(bytes) is { Format: "PNG" or "JPEG" or "WEBP" or "GIF" }
            ? new EncodedImage(bytes, Path) : null;
    }

    private static string? CategoryOf(string path) => path.Split('/', '\\')[..^1].FirstOrDefault(part => Taxonomy.IndexOf(part) >= 0);
}
