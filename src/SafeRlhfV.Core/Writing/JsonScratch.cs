using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace SafeRlhfV.Core;

/// <summary>
/// A buffer and a writer of JSON for each thread, used again and again: to be filled and emptied without a pause, and without beginning another text in
/// between.
/// </summary>
public static class JsonScratch
{
    private const int Kept = 1 << 20;

    // What is written is sent or stored as JSON and never stands within a page: a quotation mark may stay one.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? buffer;

    [ThreadStatic]
    private static Utf8JsonWriter? writer;

    /// <summary>Both, emptied; what the writer holds is in the buffer once it is flushed.</summary>
    public static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Writer) Begin()
    {
        if (buffer is null or { Capacity: > Kept }) buffer = new(4096);
        buffer.ResetWrittenCount();
        if (writer is null) writer = new(buffer, Options);
        else writer.Reset(buffer);
        return (buffer, writer);
    }
}
