using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace SafeRlhfV.Gateway;

/// <summary>Writes JSON as bytes, without a text in between.</summary>
internal static class JsonReply
{
    /// <summary>Sends a whole answer.</summary>
    public static Task WriteAsync(HttpContext http, JsonNode body) => WriteAsync(http, Render(body));

    /// <summary>Sends a whole answer.</summary>
    public static async Task WriteAsync(HttpContext http, byte[] json)
    {
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = json.Length;
        await http.Response.BodyWriter.WriteAsync(json, http.RequestAborted);
    }

    /// <summary>Sends one event of a stream.</summary>
    public static async Task WriteEventAsync(HttpContext http, WireEvent one)
    {
        FillEvent(http.Response.BodyWriter, one);
        await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
    }

    /// <summary>JSON as bytes.</summary>
    public static byte[] Render(JsonNode json) => Render(json, static (writer, json) => json.WriteTo(writer));

    /// <summary>The JSON that a function writes, as bytes.</summary>
    public static byte[] Render<T>(T state, Action<Utf8JsonWriter, T> write)
    {
        (ArrayBufferWriter<byte> buffer, Utf8JsonWriter writer) = JsonScratch.Begin();
        write(writer, state);
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static void FillEvent(IBufferWriter<byte> output, WireEvent one)
    {
        if (one.Raw is { } raw)
        {
            output.Write(raw);
            return;
        }
        (ArrayBufferWriter<byte> buffer, Utf8JsonWriter writer) = JsonScratch.Begin();
        if (one.Name is not null) buffer.Write(Encoding.UTF8.GetBytes($"event: {one.Name}\n"));
        buffer.Write("data: "u8);
        one.Data!.WriteTo(writer);
        writer.Flush();
        buffer.Write("\n\n"u8);
        output.Write(buffer.WrittenSpan);
    }
}
