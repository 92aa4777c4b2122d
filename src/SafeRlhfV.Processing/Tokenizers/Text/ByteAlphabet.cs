using System.Text;

namespace SafeRlhfV.Processing;

/// <summary>The printable character that stands for each byte in byte-level vocabularies: printable Latin-1 for itself, the others from U+0100 on.</summary>
internal static class ByteAlphabet
{
    private static readonly char[] OfByte = Characters();
    private static readonly short[] OfCharacter = Bytes();

    /// <summary>The text's bytes in the alphabet.</summary>
    public static string Encode(ReadOnlySpan<char> text)
    {
        byte[] bytes = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, bytes);
        return string.Create(bytes.Length, bytes, static (span, source) =>
        {
            for (int i = 0; i < span.Length; i++) span[i] = OfByte[source[i]];
        });
    }

    /// <summary>Appends the bytes that a token stands for; a token with any other character stands for its own bytes.</summary>
    public static void Decode(string token, List<byte> bytes)
    {
        int before = bytes.Count;
        foreach (char character in token)
        {
            if (character >= OfCharacter.Length || OfCharacter[character] < 0)
            {
                bytes.RemoveRange(before, bytes.Count - before);
                bytes.AddRange(Encoding.UTF8.GetBytes(token));
                return;
            }
            bytes.Add((byte)OfCharacter[character]);
        }
    }

    private static char[] Characters()
    {
        char[] characters = new char[256];
        int others = 0;
        for (int value = 0; value < 256; value++)
            characters[value] = value is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE ? (char)value : (char)(256 + others++);
        return characters;
    }

    private static short[] Bytes()
    {
        short[] bytes = new short[OfByte.Max() + 1];
        Array.Fill(bytes, (short)-1);
        for (int value = 0; value < 256; value++) bytes[OfByte[value]] = (short)value;
        return bytes;
    }
}
