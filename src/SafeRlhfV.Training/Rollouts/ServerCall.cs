using System.Text.Encodings.Web;
using System.Text.Json;

namespace SafeRlhfV.Training;

/// <summary>A request to a server.</summary>
/// <param name="Path">Its path, from the server's root.</param>
/// <param name="Body">The JSON that is posted; empty = nothing is; null = the path is read (GET).</param>
/// <param name="Streams">Whether the reply is a stream of events.</param>
internal sealed record ServerCall(string Path, byte[]? Body, bool Streams = false)
{
    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads a path.</summary>
    public static ServerCall Get(string path) => new(path, null);

    /// <summary>Posts nothing.</summary>
    public static ServerCall Post(string path) => new(path, []);

    /// <summary>Posts an object.</summary>
    public static ServerCall Post(string path, Action<Utf8JsonWriter> fields, bool streams = false)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter json = new(bytes, Json))
        {
            json.WriteStartObject();
            fields(json);
            json.WriteEndObject();
        }
        return new(path, bytes.ToArray(), streams);
    }
}
