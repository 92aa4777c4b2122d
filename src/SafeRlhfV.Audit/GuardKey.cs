using System.Text;

namespace SafeRlhfV.Audit;

/// <summary>Reads the secret that seals an audit trail.</summary>
public static class GuardKey
{
    /// <summary>The bytes of a file, without blanks and line ends around them.</summary>
    /// <exception cref="InvalidInputException">The file is missing or shorter than 16 bytes.</exception>
    public static byte[] Read(string path)
    {
        return DiskErrors.Reading(path, () => Of(File.ReadAllText(path), path), "give the path of the key file");
    }

    /// <summary>The bytes of a text.</summary>
    /// <param name="text">The secret.</param>
    /// <param name="source">Where it came from, for the message.</param>
    /// <exception cref="InvalidInputException">It is shorter than 16 bytes.</exception>
    public static byte[] Of(string text, string source)
    {
        byte[] key = Encoding.UTF8.GetBytes(text.Trim());
        return key.Length >= 16
            ? key
            : throw new InvalidInputException($"The audit key in {source} has {key.Length} bytes; use at least 16, such as 'openssl rand -hex 32' gives.");
    }
}
