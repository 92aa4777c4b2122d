using System.Text;
using System.Text.Unicode;

namespace SafeRlhfV.Guard;

/// <summary>Tells signatures and encrypted data, in which there is nothing to read, from texts.</summary>
public static class OpaqueText
{
    private const int Shortest = 64;

    /// <summary>Whether a text is Base64 of bytes that are no text. Base64 of a text is not opaque: moderators may decode it.</summary>
    public static bool IsOpaque(string text)
    {
        if (text.Length < Shortest || !text.Any(char.IsAsciiDigit) || !text.Any(char.IsAsciiLetterUpper) || !text.Any(char.IsAsciiLetterLower)) return false;
        string standard = text.Replace('-', '+').Replace('_', '/');
        byte[] bytes = new byte[(standard.Length * 3 / 4) + 3];
        return Convert.TryFromBase64String(standard.PadRight((standard.Length + 3) / 4 * 4, '='), bytes, out int count) && !IsPrintable(bytes.AsSpan(0, count));
    }

    private static bool IsPrintable(ReadOnlySpan<byte> bytes) =>
        Utf8.IsValid(bytes) && Encoding.UTF8.GetString(bytes).All(letter => !char.IsControl(letter) || char.IsWhiteSpace(letter));
}
