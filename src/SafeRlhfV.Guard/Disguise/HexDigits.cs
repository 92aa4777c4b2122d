namespace SafeRlhfV.Guard;

/// <summary>A quick look for hexadecimal digits, before anything tries to read bytes in them.</summary>
internal static class HexDigits
{
    private const byte Other = 0, Digit = 1, Between = 2;

    // What may stand between the digits of encoded bytes, the mark of 0x too.
    private static readonly byte[] Kinds = Read();

    /// <summary>Whether so many digits may follow each other, whatever stands between them: false is certain.</summary>
    public static bool MayHold(string text, int digits)
    {
        int count = 0;
        foreach (char letter in text)
        {
            byte kind = letter < Kinds.Length ? Kinds[letter] : Between; // blanks of all kinds lie outside ASCII
            if (kind == Other) count = 0;
            else if (kind == Digit && ++count >= digits) return true;
        }
        return false;
    }

    private static byte[] Read()
    {
        byte[] kinds = new byte[0x80];
        for (int i = 0; i < kinds.Length; i++)
            kinds[i] = char.IsAsciiHexDigit((char)i) ? Digit : char.IsWhiteSpace((char)i) || ":,;$-xh>|\"'`+.\\/_()[]{}".Contains((char)i) ? Between : Other;
        return kinds;
    }
}
