using System.Text.Json.Nodes;

namespace SafeRlhfV.Training.Tests;

internal static class JsonNodes
{
    /// <summary>The node as an object; null where it is something else.</summary>
    public static JsonObject? AsObjectOrNull(this JsonNode? node) => node as JsonObject;
}
