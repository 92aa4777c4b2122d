using System.Buffers.Binary;

namespace SafeRlhfV.Core;

/// <summary>Walks the chunks of a PNG file without decoding any: <c>foreach</c> over it gives itself, at the next chunk.</summary>
public ref struct PngChunks
{
    private const int SignatureBytes = 8, HeadBytes = 8, SumBytes = 4;
    private ReadOnlySpan<byte> rest;

    /// <summary>Begins before the first chunk.</summary>
    /// <param name="file">The whole file, signature included.</param>
    public PngChunks(ReadOnlySpan<byte> file) => rest = file.Length > SignatureBytes ? file[SignatureBytes..] : [];

    /// <summary>The chunk's type, four letters such as IDAT.</summary>
    public ReadOnlySpan<byte> Kind { get; private set; }

    /// <summary>What it holds; of a chunk that is cut short, what is there.</summary>
    public ReadOnlySpan<byte> Content { get; private set; }

    /// <summary>Whether the file has all of it. One that is cut short is the last.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>The chunk at which the walk stands.</summary>
    public readonly PngChunks Current => this;

    /// <summary>Itself.</summary>
    public readonly PngChunks GetEnumerator() => this;

    /// <summary>Goes to the next chunk; false at the end.</summary>
    public bool MoveNext()
    {
        if (rest.Length < HeadBytes + SumBytes) return false;
        uint length = BinaryPrimitives.ReadUInt32BigEndian(rest);
        Kind = rest.Slice(4, 4);
        IsWhole = length <= rest.Length - HeadBytes - SumBytes;
        Content = IsWhole ? rest.Slice(HeadBytes, (int)length) : rest[HeadBytes..];
        rest = IsWhole ? rest[(HeadBytes + SumBytes + (int)length)..] : [];
        return true;
    }
}
