using SafeRlhfV.Data;

namespace SafeRlhfV.Annotation;

/// <summary>Writes a text file aside and renames it.</summary>
internal static class StagedText
{
    /// <exception cref="InvalidInputException">The disk refuses.</exception>
    public static void Write(string path, string text)
    {
        try
        {
            string aside = $"{path}.{Guid.NewGuid():N}.partial";
            File.WriteAllText(aside, text);
            File.Move(aside, path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path}: cannot be written ({error.Message.TrimEnd('.')}); check the permissions and the free space.", error);
        }
    }
}
