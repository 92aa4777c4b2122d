namespace SafeRlhfV.Guard;

/// <summary>Tells signatures and encrypted data, in which there is nothing to read, from texts.</summary>
public static class OpaqueText
{
    private const int Shortest = 64;
    private const int LeastText = 16; // characters that do not stand among random bytes by chance

    /// <summary>Whether a text is Base64 of bytes that are no text and hold none. Base64 of a text is not opaque: moderators may decode it.</summary>
    public static bool IsOpaque(string text)
    {
        if (text.Length < Shortest || !text.Any(char.IsAsciiDigit) || !text.Any(char.IsAsciiLetterUpper) || !text.Any(char.IsAsciiLetterLower)) return false;
        string standard = text.Replace('-', '+').Replace('_', '/');
        byte[] bytes = new byte[(standard.Length * 3 / 4) + 3];
        return Convert.TryFromBase64String(standard.PadRight((standard.Length + 3) / 4 * 4, '='), bytes, out int count)
            && EncodedText.Text(bytes[..count]) is null && EncodedText.Runs(bytes.AsSpan(0, count), LeastText).Count == 0;
    }
}
