using System.Runtime.InteropServices;

namespace SafeRlhfV.Data;

/// <summary>
/// The encoded pictures of a window of rows, one after the other in one piece of memory of its own. As arrays they would outlive a collection or two, and the memory of
/// several windows would wait for the next one.
/// </summary>
internal sealed unsafe class PictureStore : IDisposable
{
    private const long FirstSize = 1 << 20;

    private byte* memory;
    private long size, used;

    /// <summary>The row with its picture put away; itself if it has none, or one that is put away already.</summary>
    public DatasetRow Put(DatasetRow row) => row[row.Schema.IndexOf("image")] is EncodedImage { Bytes: { } bytes } image ? row.Holding(Put(bytes, image.Path)) : row;

    /// <summary>Puts a picture away; what comes back stands for it in a row.</summary>
    public object Put(ReadOnlySpan<byte> bytes, string? path)
    {
        if (used + bytes.Length > size)
        {
            size = Math.Max(Math.Max(FirstSize, 2 * size), used + bytes.Length);
            memory = (byte*)NativeMemory.Realloc(memory, (nuint)size);
        }
        bytes.CopyTo(new Span<byte>(memory + used, bytes.Length));
        used += bytes.Length;
        return new Place(used - bytes.Length, bytes.Length, path);
    }

    /// <summary>The row with its picture as it was.</summary>
    public DatasetRow Take(DatasetRow row) => row[row.Schema.IndexOf("image")] is Place place
        ? row.Holding(new EncodedImage(new ReadOnlySpan<byte>(memory + place.Start, place.Length).ToArray(), place.Path))
        : row;

    /// <summary>Forgets all pictures; the memory serves the next ones.</summary>
    public void Clear() => used = 0;

    public void Dispose()
    {
        NativeMemory.Free(memory);
        memory = null;
    }

    private sealed record Place(long Start, int Length, string? Path);
}
