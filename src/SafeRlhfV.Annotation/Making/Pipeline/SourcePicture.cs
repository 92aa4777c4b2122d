using SafeRlhfV.Data;

namespace SafeRlhfV.Annotation;

/// <summary>A picture of the source folder.</summary>
/// <param name="Path">Its path below the folder, with '/'.</param>
/// <param name="File">Where it lies.</param>
/// <param name="Category">The category whose folder it lies in; null where it lies in none.</param>
internal sealed record SourcePicture(string Path, string File, string? Category)
{
    private static readonly string[] Extensions = [".png", ".jpg", ".jpeg", ".webp", ".gif"];

    /// <summary>The pictures below a folder, by path.</summary>
    /// <exception cref="InvalidInputException">There is no such folder, or no picture in it.</exception>
    public static IReadOnlyList<SourcePicture> Find(string folder)
    {
        if (!Directory.Exists(folder)) throw new InvalidInputException($"{folder}: there is no such folder; give one with pictures.");
        EnumerationOptions options = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.Hidden, IgnoreInaccessible = false };
        SourcePicture[] found =
        [
            .. Directory.EnumerateFiles(folder, "*", options).Where(file => Extensions.Contains(System.IO.Path.GetExtension(file).ToLowerInvariant()))
                .Select(file => new SourcePicture(System.IO.Path.GetRelativePath(folder, file).Replace('\\', '/'), file, CategoryOf(System.IO.Path.GetRelativePath(folder, file))))
                .OrderBy(picture => picture.Path, StringComparer.Ordinal),
        ];
        return found.Length > 0 ? found : throw new InvalidInputException($"{folder}: no picture ({string.Join(", ", Extensions)}) lies there; give a folder with pictures.");
    }

    /// <summary>The picture's bytes; null where it is no sound picture.</summary>
    public EncodedImage? Read()
    {
        byte[] bytes = System.IO.File.ReadAllBytes(File);
        return PictureThumbnail.Of(bytes, 1) is not null && ImageHeader.Read(bytes) is { Format: "PNG" or "JPEG" or "WEBP" or "GIF" } ? new EncodedImage(bytes, Path) : null;
    }

    private static string? CategoryOf(string path) => path.Split('/', '\\')[..^1].FirstOrDefault(part => Taxonomy.IndexOf(part) >= 0);
}
