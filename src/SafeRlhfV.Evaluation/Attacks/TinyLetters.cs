namespace SafeRlhfV.Evaluation;

/// <summary>Writes capitals of 3 x 5 dots into small images, white on black, line by line from the bottom up.</summary>
internal static class TinyLetters
{
    private const int Width = 3, Height = 5;

    // a row of three dots is a digit 0..7, five rows a letter
    private static readonly Dictionary<char, string> Dots = new()
    {
        ['A'] = "25755",
        ['B'] = "65656",
        ['C'] = "34443",
        ['D'] = "65556",
        ['E'] = "74647",
        ['F'] = "74644",
        ['G'] = "34553",
        ['H'] = "55755",
        ['I'] = "72227",
        ['J'] = "11152",
        ['K'] = "55655",
        ['L'] = "44447",
        ['M'] = "57755",
        ['N'] = "65555",
        ['O'] = "25552",
        ['P'] = "65644",
        ['Q'] = "25573",
        ['R'] = "65655",
        ['S'] = "34216",
        ['T'] = "72222",
        ['U'] = "55557",
        ['V'] = "55552",
        ['W'] = "55775",
        ['X'] = "55255",
        ['Y'] = "55222",
        ['Z'] = "71247",
        ['?'] = "61202",
        ['.'] = "00002",
        [' '] = "00000",
    };

    public static RgbImage Write(RgbImage image, string text)
    {
        byte[] pixels = [.. image.Pixels];
        int perLine = Math.Max(1, (image.Width - 1) / (Width + 1));
        string[] lines = [.. Lines(text, perLine)];
        int top = image.Height - lines.Length * (Height + 1) - 1;
        for (int line = 0; line < lines.Length; line++)
            for (int at = 0; at < lines[line].Length; at++)
                Stamp(pixels, image, Dots.GetValueOrDefault(lines[line][at], Dots[' ']), 1 + at * (Width + 1), top + line * (Height + 1));
        return new(image.Width, image.Height, pixels);
    }

    private static void Stamp(byte[] pixels, RgbImage image, string dots, int left, int top)
    {
        for (int y = -1; y <= Height; y++)
            for (int x = -1; x <= Width; x++)
            {
                if (left + x < 0 || left + x >= image.Width || top + y < 0 || top + y >= image.Height) continue;
                bool on = y is >= 0 and < Height && x is >= 0 and < Width && ((dots[y] - '0') >> (Width - 1 - x) & 1) == 1;
                int place = ((top + y) * image.Width + left + x) * 3;
                // a letter's black rim must not eat the one before
                if (on || x is >= 0 and < Width || y is < 0 or >= Height || pixels[place] != 255) pixels.AsSpan(place, 3).Fill(on ? (byte)255 : (byte)0);
            }
    }

    private static IEnumerable<string> Lines(string text, int perLine)
    {
        string line = "";
        foreach (string word in text.Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > perLine)
            {
                yield return line;
                line = "";
            }
            line = line.Length == 0 ? word : $"{line} {word}";
        }
        if (line.Length > 0) yield return line;
    }
}
