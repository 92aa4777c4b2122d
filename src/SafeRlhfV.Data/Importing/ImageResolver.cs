using System.Buffers;
using System.Text.RegularExpressions;

namespace SafeRlhfV.Data;

/// <summary>
/// Turns what a source holds for an image into its encoded bytes, which go through untouched: bytes, base64, a data URI, a path below a folder, or an object
/// of these. Nothing is fetched from the network.
/// </summary>
/// <param name="folder">The folder that paths are relative to and may not leave.</param>
internal sealed partial class ImageResolver(string folder)
{
    private const long LargestFile = 256L << 20;
    private const int ShortestBase64 = 64;
    private static readonly SearchValues<char> Base64 = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n");

    private readonly string folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));

    /// <summary>The images that a column holds: none where it is null, else one or a list of them.</summary>
    public static IReadOnlyList<object?> Listed(object? column) => column switch
    {
        null => [],
        List<object?> list => list,
        _ => [column],
    };

    /// <summary>An image with its bytes, which can be decoded.</summary>
    /// <exception cref="DroppedRowException">There is none.</exception>
    public EncodedImage Load(object? value)
    {
        EncodedImage image = Find(value);
        if (!IsDecodable(image.Bytes!)) throw new DroppedRowException(DropReason.ImageUndecodable);
        return image;
    }

    private EncodedImage Find(object? value) => value switch
    {
        null => throw new DroppedRowException(DropReason.ImageNull),
        byte[] bytes => bytes.Length == 0 ? throw new DroppedRowException(DropReason.ImageNull) : new EncodedImage(bytes, null),
        string text => Named(text),
        SourceMap map => Held(map),
        List<object?> and [var only] => Find(only),
        _ => throw new DroppedRowException(DropReason.ImageUnreadable),
    };

    private EncodedImage Held(SourceMap map)
    {
        string? path = map.Get("path") as string;
        object? bytes = map.Get("bytes");
        if (bytes is byte[] { Length: > 0 } raw) return new EncodedImage(raw, path);
        if (bytes is string base64) return new EncodedImage(Decode(base64), path);
        if (bytes is not null and not byte[]) throw new DroppedRowException(DropReason.ImageUnreadable);
        if (path is not null) return Named(path);
        if (map.Get("url", "image_url", "image") is { } inner and (string or SourceMap)) return Find(inner);
        throw new DroppedRowException(map.ContainsKey("bytes") || map.ContainsKey("path") ? DropReason.ImageNull : DropReason.ImageUnreadable);
    }

    private EncodedImage Named(string text)
    {
        if (text.Length == 0) throw new DroppedRowException(DropReason.ImageNull);
        if (text.StartsWith("data:", StringComparison.OrdinalIgnoreCase))
        {
            int comma = text.IndexOf(',', StringComparison.Ordinal);
            if (comma < 0 || !text.AsSpan(0, comma).Contains(";base64", StringComparison.OrdinalIgnoreCase))
                throw new DroppedRowException(DropReason.ImageUndecodable);
            return new EncodedImage(Decode(text[(comma + 1)..]), null);
        }
        // before a look at paths: the base64 of every JPEG begins with a slash
        bool mayBeBase64 = text.Length >= ShortestBase64 && !text.AsSpan().ContainsAnyExcept(Base64);
        if (mayBeBase64 && TryDecode(text) is { } bytes && !System.IO.File.Exists(Path.Combine(folder, text)))
            return new EncodedImage(bytes, null);
        if (text.StartsWith("file://", StringComparison.OrdinalIgnoreCase)) text = text["file://".Length..];
        else if (Scheme().IsMatch(text)) throw new DroppedRowException(DropReason.ImageUrl);
        return new EncodedImage(File(text), text);
    }

    private byte[] File(string path)
    {
        if (path.Contains('\0')) throw new DroppedRowException(DropReason.ImageMissing);
        string full = Path.GetFullPath(Path.Combine(folder, path));
        if (!full.StartsWith(folder == "/" ? folder : folder + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            throw new DroppedRowException(DropReason.ImageOutside);
        try
        {
            FileInfo info = new(full);
            if (info.Exists && info.Length <= LargestFile) return System.IO.File.ReadAllBytes(full);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // as good as not there
        }
        throw new DroppedRowException(DropReason.ImageMissing);
    }

    private static byte[] Decode(string base64) => TryDecode(base64) ?? throw new DroppedRowException(DropReason.ImageUndecodable);

    private static byte[]? TryDecode(string base64)
    {
        try
        {
            return Convert.FromBase64String(base64);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static bool IsDecodable(byte[] bytes)
    {
        if (ImageHeader.Read(bytes) is not { IsBomb: false }) return false;
        try
        {
            return ImageDecoder.Visit(bytes, (_, _, _) => true);
        }
        catch (InvalidInputException)
        {
            return false;
        }
    }

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9+.-]*://")]
    private static partial Regex Scheme();
}
