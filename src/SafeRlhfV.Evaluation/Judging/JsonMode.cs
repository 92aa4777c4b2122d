namespace SafeRlhfV.Evaluation;

/// <summary>How a model is made to answer in JSON; not every OpenAI-compatible server can do all of it.</summary>
public enum JsonMode
{
    /// <summary>The server holds the answer to a JSON schema.</summary>
    Schema,

    /// <summary>The server holds the answer to being one JSON object.</summary>
    Object,

    /// <summary>Only the words of the prompt ask for it.</summary>
    Text,
}
