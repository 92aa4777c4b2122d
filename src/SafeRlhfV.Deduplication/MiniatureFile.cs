using SafeRlhfV.Data;

namespace SafeRlhfV.Deduplication;

/// <summary>The miniatures of images in a scratch file, by the image's number: they are most of a fingerprint, and few are looked at again.</summary>
internal sealed class MiniatureFile : IDisposable
{
    private readonly FileStream file;

    public MiniatureFile(string path) => file = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 20);

    /// <summary>Appends the next image's.</summary>
    public void Add(ReadOnlySpan<byte> miniature) => file.Write(miniature);

    /// <summary>Ends the writing.</summary>
    public void Seal() => file.Flush();

    /// <summary>Whether two images look the same; may be asked on several threads.</summary>
    public bool LookAlike(long one, long other)
    {
        Span<byte> first = stackalloc byte[ImageFingerprint.MiniatureBytes], second = stackalloc byte[ImageFingerprint.MiniatureBytes];
        Read(one, first);
        Read(other, second);
        return ImageFingerprint.LookAlike(first, second);
    }

    public void Dispose() => file.Dispose();

    private void Read(long image, Span<byte> miniature)
    {
        long offset = image * ImageFingerprint.MiniatureBytes;
        for (int read = 0, now; read < miniature.Length; read += now)
            if ((now = RandomAccess.Read(file.SafeFileHandle, miniature[read..], offset + read)) == 0)
                throw new EndOfStreamException($"{file.Name}: ends before image {image}.");
    }
}
