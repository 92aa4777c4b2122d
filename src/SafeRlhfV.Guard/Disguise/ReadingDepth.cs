namespace SafeRlhfV.Guard;

/// <summary>How many ways of hiding a word are undone when a text is read.</summary>
public enum ReadingDepth
{
    /// <summary>Those that draw no false alarms, at a cost in proportion to the text.</summary>
    Standard,

    /// <summary>
    /// Also letters moved by thirteen places (rot13), text read from its end, and words that blanks cut into parts. Takes four to seven times as long, and
    /// other words can look like a keyword: "the rapist" like "therapist".
    /// </summary>
    Thorough,
}
