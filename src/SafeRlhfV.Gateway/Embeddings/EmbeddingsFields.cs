using static SafeRlhfV.Gateway.FieldUse;

namespace SafeRlhfV.Gateway;

/// <summary>Every field of an embeddings request that the gateway knows. docs/gateway-fields.md shows the same table.</summary>
internal static class EmbeddingsFields
{
    public static FieldTable Table { get; } = new(
    [
        new("model", Judged, "chooses the route; a name from the settings"),
        new("input", Judged, "a text, or a list of texts; token ids cannot be judged"),
        new("dimensions", Whole, ""),
        new("encoding_format", Judged, "float or base64; float where it is left out, whatever the service gives"),
        new("user", Judged, "whom the caller asks for" + RequestFields.Hashed),
    ]);
}
