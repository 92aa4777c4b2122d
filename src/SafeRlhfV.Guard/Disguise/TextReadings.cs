namespace SafeRlhfV.Guard;

/// <summary>
/// The ways to read a text in which a word may be hidden: as it stands; without what cannot be seen; in plain letters; with letters that stand apart joined;
/// and with what is encoded opened. Disguises in one another are undone too.
/// </summary>
public static class TextReadings
{
    private const int Deepest = 4; // disguises in one another

    // Letters as they stand; without what cannot be seen, with blanks of other kinds dropped or kept; and plain, with tag characters dropped or spelled out.
    private static readonly Func<string, string>[] Ways =
    [
        text => text,
        text => FoldedText.Visible(text),
        text => FoldedText.Visible(text, " "),
        FoldedText.Of,
        text => FoldedText.Of(FoldedText.Visible(text, " ")),
        text => FoldedText.Of(FoldedText.Spelled(text)),
    ];

    /// <summary>The readings, the text itself first. A plain text has one.</summary>
    public static IReadOnlyList<string> Of(string text)
    {
        List<string> readings = [text];
        Dictionary<string, (string Joined, string Opened)> undone = []; // most ways change nothing in most texts
        foreach (Func<string, string> way in Ways)
        {
            string reading = text;
            for (int i = 0; i < Deepest; i++)
            {
                string before = reading, plain = way(reading);
                if (!undone.TryGetValue(plain, out (string Joined, string Opened) next))
                {
                    string joined = SpacedLetters.Join(plain);
                    undone[plain] = next = (joined, EncodedText.Open(joined));
                }
                foreach (string one in (string[])[plain, next.Joined, next.Opened])
                    if (!readings.Contains(one, StringComparer.Ordinal)) readings.Add(one);
                reading = next.Opened;
                if (reading == before) break;
            }
        }
        return readings;
    }

    /// <summary>
    /// The text with what is encoded, spelled in tag characters or other alphabets, or set letter by letter opened; null where nothing is. For moderators that
    /// read whole sentences.
    /// </summary>
    public static string? Opened(string text)
    {
        string opened = text;
        for (int i = 0; i < Deepest; i++)
        {
            string next = EncodedText.Open(SpacedLetters.Join(FoldedText.Spelled(opened)));
            if (next == opened) break;
            opened = next;
        }
        return opened == text ? null : opened;
    }
}
