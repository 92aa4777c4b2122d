using System.Runtime.InteropServices;

namespace SafeRlhfV.Data;

/// <summary>
/// The encoded images of a window of rows, one after the other in one block of native memory. As arrays they would survive one or two garbage collections, and
/// memory would hold several windows at a time.
/// </summary>
internal sealed unsafe class ImageStore : IDisposable
{
    private const long FirstSize = 1 << 20;

    private byte* memory;
    private long size, used;

    /// <summary>Puts the images of a cell away, if there is a store; a cell without images stays as it is.</summary>
    /// <returns>What stands in the row until <see cref="Take(object?)"/>.</returns>
    public static object? Put(ImageStore? store, object? cell) => store is null ? cell : cell switch
    {
        EncodedImage { Bytes: { } bytes } image => store.Put(bytes, image.Path),
        EncodedImage[] images => (object[])[.. images.Select(image => image.Bytes is { } bytes ? store.Put(bytes, image.Path) : image)],
        _ => cell,
    };

    /// <summary>Puts an image away; what comes back stands for it in a row.</summary>
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

    /// <summary>The cell as it was before its images were put away.</summary>
    public object? Take(object? cell) => cell switch
    {
        Place place => Take(place),
        object[] places => (EncodedImage[])[.. places.Select(place => place is Place stored ? Take(stored) : (EncodedImage)place)],
        _ => cell,
    };

    private EncodedImage Take(Place place) => new(new ReadOnlySpan<byte>(memory + place.Start, place.Length).ToArray(), place.Path);

    /// <summary>Forgets all images and makes room for the next ones, which are expected to take so many bytes; memory that is not used costs nothing.</summary>
    public void Clear(long expected)
    {
        used = 0;
        // growing step by step would copy, and leave freed blocks behind that add up to as much again
        if (expected <= size) return;
        Dispose();
        memory = (byte*)NativeMemory.Alloc((nuint)expected);
        size = expected;
    }

    public void Dispose()
    {
        NativeMemory.Free(memory);
        memory = null;
        size = 0;
    }

    private sealed record Place(long Start, int Length, string? Path);
}
