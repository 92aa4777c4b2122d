using System.Security.Cryptography;
using System.Text;

namespace SafeRlhfV.Data;

/// <summary>What a scan keeps of a row: digests and the image's fingerprint, about a kilobyte, never the image.</summary>
internal sealed class RowPrint
{
    public required RowPosition Position { get; init; }
    public required RowSchema Schema { get; init; }
    public required string? Category { get; init; }
    public required long? Severity { get; init; }

    /// <summary>Equal where all columns are equal, the image by bytes and path.</summary>
    public required UInt128 Row { get; init; }

    /// <summary>Equal where the encoded images are equal, all of them in order; null without one.</summary>
    public required UInt128? ImageBytes { get; init; }

    /// <summary>Equal where the questions are equal: the whole conversation up to the last one.</summary>
    public required UInt128 Question { get; init; }

    /// <summary>Equal where question and answers are the same words, whatever case, spaces and Unicode form.</summary>
    public required UInt128 Words { get; init; }

    /// <summary>The images that can be decoded.</summary>
    public required IReadOnlyList<ImageFingerprint> Images { get; init; }

    /// <summary>How many images the row holds, decodable or not.</summary>
    public required int ImageCount { get; init; }

    public required Finding? ImageFault { get; init; }

    public static RowPrint Of(DatasetRow row)
    {
        List<ImageFingerprint> images = [];
        Finding? fault = null;
        byte[][] encoded = [.. row.Images.Select(image => image.Bytes).OfType<byte[]>()];
        foreach (byte[] bytes in encoded)
        {
            (ImageFingerprint? picture, string? code, string? what) = ImageReader.Read(bytes, ImageFingerprint.Of, ImageDecodeOptions.Fingerprint);
            if (picture is not null) images.Add(picture);
            else fault ??= new Finding(code!, FindingSeverity.Error, row.Position.File, row.Position.Row, [row.Messages is null ? "image" : "images"],
                what!)
            { Split = row.Position.Split };
        }
        byte[][] digests = [.. encoded.Select(SHA256.HashData)];
        string[] answers = row.Schema.Layout == RowLayout.Paired ? [row.Text("response_1") ?? "", row.Text("response_2") ?? ""] : [row.Text("response") ?? ""];
        string question = row.Messages is { } messages
            ? string.Join('\n', messages.Select(message => $"{message.Role}: {message.Text}"))
            : row.Text("question") ?? "";
        return new RowPrint
        {
            Position = row.Position,
            Schema = row.Schema,
            Category = row.Text("category"),
            Severity = row.Integer("image_severity"),
            Row = OfRow(row),
            ImageBytes = digests.Length == 0
                ? null
                : ImageFingerprint.Digest(digests.Length == 1 ? digests[0] : SHA256.HashData([.. digests.SelectMany(digest => digest)])),
            Question = OfText(question),
            Words = OfText(string.Join('\n', answers.Prepend(question).Select(Normalize))),
            Images = images,
            ImageCount = row.Images.Count,
            ImageFault = fault,
        };
    }

    /// <summary>Equal where all images have the same pixels, in order.</summary>
    public bool SameImages(RowPrint other) => ImageCount == other.ImageCount
        && Images.Select(image => image.Pixels).SequenceEqual(other.Images.Select(image => image.Pixels));

    private static UInt128 OfText(string text) => ImageFingerprint.Digest(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static UInt128 OfRow(DatasetRow row)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (int i = 0; i < row.Schema.Columns.Count; i++)
            switch (row[i])
            {
                case string text:
                    Append(hash, Encoding.UTF8.GetBytes(text));
                    break;
                case long number:
                    Append(hash, BitConverter.GetBytes(number));
                    break;
                case EncodedImage image:
                    Append(hash, image);
                    break;
                case IReadOnlyList<EncodedImage> images:
                    foreach (EncodedImage image in images) Append(hash, image);
                    break;
                case IReadOnlyList<ConversationMessage> messages:
                    foreach (ConversationMessage message in messages)
                    {
                        Append(hash, [(byte)message.Role, (byte)(message.Loss switch { null => 0, true => 1, false => 2 })]);
                        foreach (MessagePart part in message.Parts) Append(hash, part.Text is { } words ? Encoding.UTF8.GetBytes(words) : null);
                    }
                    break;
                default:
                    Append(hash, (byte[]?)null);
                    break;
            }
        return ImageFingerprint.Digest(hash.GetHashAndReset());
    }

    private static void Append(IncrementalHash hash, EncodedImage image)
    {
        Append(hash, image.Bytes is { } bytes ? SHA256.HashData(bytes) : null);
        Append(hash, image.Path is null ? null : Encoding.UTF8.GetBytes(image.Path));
    }

    private static void Append(IncrementalHash hash, byte[]? part)
    {
        hash.AppendData(BitConverter.GetBytes(part?.Length ?? -1));
        if (part is not null) hash.AppendData(part);
    }

    internal static string Normalize(string text)
    {
        string form = UnicodeForms.Composed(text);
        StringBuilder words = new(form.Length);
        bool gap = false;
        foreach (char letter in form)
        {
            if (char.IsWhiteSpace(letter)) gap = words.Length > 0;
            else
            {
                if (gap) words.Append(' ');
                gap = false;
                words.Append(char.ToLowerInvariant(letter));
            }
        }
        return words.ToString();
    }
}
