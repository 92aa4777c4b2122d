namespace SafeRlhfV.Gateway;

/// <summary>A response that is kept.</summary>
/// <param name="Owner">The hash of the key that it was made for, and that alone may see it.</param>
/// <param name="Id">Its name.</param>
/// <param name="Previous">The response that it goes on from; null for none.</param>
/// <param name="Outputs">How many items it has answered.</param>
/// <param name="Response">What was answered, as JSON.</param>
/// <param name="Turn">The items that it adds to a conversation, as JSON: those of the input, then its own. Empty where nothing is to be said again.</param>
internal sealed record KeptResponse(string Owner, string Id, string? Previous, int Outputs, byte[] Response, byte[] Turn)
{
    /// <summary>The name of the key, and whom it asked for: by these the response is found when a person's data are erased.</summary>
    public string? Caller { get; init; }

    /// <inheritdoc cref="Caller"/>
    public string? EndUser { get; init; }

    /// <summary>About how many bytes it takes.</summary>
    public long Size => Response.Length + Turn.Length + 1000L;
}
