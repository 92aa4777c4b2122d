namespace SafeRlhfV.Models;

/// <summary>How answers are generated as text.</summary>
public sealed record TextSettings
{
    /// <summary>How tokens are chosen. Without end tokens the checkpoint's are taken; the pad token is always the checkpoint's.</summary>
    public GenerationSettings Tokens { get; init; } = new();

    /// <summary>
    /// Strings that end an answer; neither they nor what follows belongs to it. They are searched in the decoded text, wherever tokens begin and end.
    /// </summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>Name of the adapter to generate under; null = as the model stands.</summary>
    public string? Adapter { get; init; }

    /// <summary>Throws if a setting is out of range.</summary>
    /// <exception cref="InvalidInputException">It names the setting.</exception>
    public void Validate()
    {
        Tokens.Validate();
        if (StopStrings.Any(string.IsNullOrEmpty)) throw new InvalidInputException("Generation: a stop string is empty; it would end every answer at once.");
    }
}
