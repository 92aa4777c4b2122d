using System.Text;

namespace SafeRlhfV.Data;

/// <summary>Texts whose bytes or letters may be invalid: what is wrong stands as a lone surrogate until the text is used.</summary>
internal static class SourceText
{
    /// <summary>UTF-8 bytes as a text; each byte that is not UTF-8 becomes a lone surrogate, as Python's surrogateescape does.</summary>
    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        if (System.Text.Unicode.Utf8.IsValid(bytes)) return Encoding.UTF8.GetString(bytes);
        StringBuilder text = new();
        while (bytes.Length > 0)
        {
            if (Rune.DecodeFromUtf8(bytes, out Rune letter, out int length) == System.Buffers.OperationStatus.Done) text.Append(letter.ToString());
            else
            {
                length = 1;
                text.Append((char)(0xdc00 + bytes[0]));
            }
            bytes = bytes[length..];
        }
        return text.ToString();
    }

    /// <summary>Whether a text can be written as UTF-8: it has no lone surrogate.</summary>
    public static bool IsValid(string text)
    {
        int at = text.AsSpan().IndexOfAnyInRange('\ud800', '\udfff');
        for (; at >= 0 && at < text.Length; at++)
        {
            if (!char.IsSurrogate(text[at])) continue;
            if (at + 1 >= text.Length || !char.IsSurrogatePair(text[at], text[at + 1])) return false;
            at++;
        }
        return true;
    }
}
