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

    /// <summary>The row with its pictures put away, those that are not yet.</summary>
    public DatasetRow Put(DatasetRow row) => row.Holding(cell => cell switch
    {
        EncodedImage { Bytes: { } bytes } image => Put(bytes, image.Path),
        IReadOnlyList<EncodedImage> images => (object[])[.. images.Select(image => image.Bytes is { } bytes ? Put(bytes, image.Path) : image)],
        _ => cell,
    });

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

    /// <summary>The row with its pictures as they were.</summary>
    public DatasetRow Take(DatasetRow row) => row.Holding(cell => cell switch
    {
        Place place => Take(place),
        object[] places => (EncodedImage[])[.. places.Select(place => place is Place stored ? Take(stored) : (EncodedImage)place)],
        _ => cell,
    });

    private EncodedImage Take(Place place) => new(new ReadOnlySpan<byte>(memory + place.Start, place.Length).ToArray(), place.Path);

    /// <summary>Forgets all pictures; the memory serves the next ones.</summary>
    public void Clear() => used = 0;

    public void Dispose()
    {
        NativeMemory.Free(memory);
        memory = null;
    }

    private sealed record Place(long Start, int Length, string? Path);
}
