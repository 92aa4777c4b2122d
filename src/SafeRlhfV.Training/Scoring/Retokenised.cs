namespace SafeRlhfV.Training;

/// <summary>
/// What happens to a response whose text does not give its tokens again. Servers take a prompt with images as text alone, and a policy may sample tokens that
/// no text is cut into.
/// </summary>
public enum Retokenised
{
    /// <summary>The server scores the text. Such responses are counted.</summary>
    Text,

    /// <summary>Our own models score the tokens; they stay in memory.</summary>
    Own,

    /// <summary>The round is refused.</summary>
    Refuse,
}
