using System.Text.Json;

namespace SafeRlhfV.Processing;

/// <summary>Tokens with a role that tokenizer_config.json names: at the top, in a dictionary of older files, or in one of newer files.</summary>
public sealed class NamedTokens
{
    private readonly ConfigReader?[] places;

    /// <summary>Reads the file of a folder.</summary>
    /// <param name="folder">The tokenizer's folder; null = there is none, and every token has its usual name.</param>
    /// <exception cref="InvalidInputException">The file is malformed.</exception>
    public NamedTokens(string? folder)
    {
        string file = Path.Combine(folder ?? "", "tokenizer_config.json");
        ConfigReader? reader = folder is not null && File.Exists(file) ? ConfigReader.Open(file) : null;
        places = [reader, Dictionary("extra_special_tokens"), Dictionary("model_specific_special_tokens")];

        ConfigReader? Dictionary(string name) => reader?.Has(name) == true && reader.Element.GetProperty(name).ValueKind == JsonValueKind.Object
            ? reader.Section(name) : null;
    }

    /// <summary>The token of a role, such as image_token.</summary>
    /// <param name="role">The field.</param>
    /// <param name="usual">What it is where the file does not say.</param>
    /// <exception cref="InvalidInputException">The field is no text.</exception>
    public string Of(string role, string usual)
    {
        if (places.FirstOrDefault(place => place?.Has(role) == true) is not { } place) return usual;
        // a text, or in older files an object with `content`
        return place.Element.GetProperty(role).ValueKind == JsonValueKind.Object ? place.Section(role)!.Text("content") : place.Text(role);
    }
}
