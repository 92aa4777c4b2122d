using System.Text.Json.Nodes;

namespace SafeRlhfV.Gateway;

/// <summary>An event of a stream.</summary>
/// <param name="Name">Its name; null where the wire names none.</param>
/// <param name="Data">Its data.</param>
internal readonly record struct WireEvent(string? Name, JsonNode? Data)
{
    /// <summary>What Chat Completions ends a stream with.</summary>
    public static WireEvent Done { get; } = new(null, null) { Raw = "data: [DONE]\n\n"u8.ToArray() };

    /// <summary>A comment, which no client shows.</summary>
    public static WireEvent Comment { get; } = new(null, null) { Raw = ": keep-alive\n\n"u8.ToArray() };

    /// <summary>The bytes of an event that is no JSON; null for the others.</summary>
    public byte[]? Raw { get; private init; }

    /// <summary>An event whose data says its name too.</summary>
    public static WireEvent Typed(JsonObject data) => new(JsonText.Of(data["type"]), data);
}
