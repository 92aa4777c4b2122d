using System.Security.Cryptography;
using System.Text;

namespace SafeRlhfV.Data;

/// <summary>What a scan keeps of a row: digests and the picture's fingerprint, about a kilobyte, never the picture.</summary>
internal sealed record RowPrint
{
    public required RowPosition Position { get; init; }
    public required bool IsFlat { get; init; }
    public required string? Category { get; init; }
    public required long? Severity { get; init; }

    /// <summary>Equal where all columns are equal, the image by bytes and path.</summary>
    public required UInt128 Row { get; init; }

    /// <summary>Equal where the encoded images are equal; null without one.</summary>
    public required UInt128? ImageBytes { get; init; }

    /// <summary>Equal where the questions are equal.</summary>
    public required UInt128 Question { get; init; }

    /// <summary>Equal where question and answers are the same words, whatever case, spaces and Unicode form.</summary>
    public required UInt128 Words { get; init; }

    /// <summary>The picture; null where there is none or it cannot be decoded.</summary>
    public required PictureFingerprint? Picture { get; init; }

    public required Finding? PictureFault { get; init; }

    public static RowPrint Of(DatasetRow row)
    {
        PictureFingerprint? picture = null;
        Finding? fault = null;
        if (row.Image?.Bytes is { } bytes)
        {
            (RgbImage? decoded, string? code, string? what) = PictureReader.Read(bytes);
            if (decoded is not null) picture = PictureFingerprint.Of(decoded);
            else fault = new Finding(code!, FindingSeverity.Error, row.Position.File, row.Position.Row, ["image"], what!) { Split = row.Position.Split };
        }
        string[] answers = row.Schema.Layout == RowLayout.Paired ? [row.Text("response_1") ?? "", row.Text("response_2") ?? ""] : [row.Text("response") ?? ""];
        return new RowPrint
        {
            Position = row.Position,
            IsFlat = row.Schema.Layout == RowLayout.Flat,
            Category = row.Text("category"),
            Severity = row.Integer("image_severity"),
            Row = OfRow(row),
            ImageBytes = row.Image?.Bytes is { } encoded ? PictureFingerprint.Digest(SHA256.HashData(encoded)) : null,
            Question = OfText(row.Text("question") ?? ""),
            Words = OfText(string.Join('\n', answers.Prepend(row.Text("question") ?? "").Select(Normalize))),
            Picture = picture,
            PictureFault = fault,
        };
    }

    private static UInt128 OfText(string text) => PictureFingerprint.Digest(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static UInt128 OfRow(DatasetRow row)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (int i = 0; i < row.Schema.Columns.Count; i++)
        {
            byte[]? cell = row[i] switch
            {
                string text => Encoding.UTF8.GetBytes(text),
                long number => BitConverter.GetBytes(number),
                EncodedImage image => [image.Bytes is null ? (byte)0 : (byte)1, image.Path is null ? (byte)0 : (byte)1, .. BitConverter.GetBytes(image.Bytes?.Length ?? 0), .. image.Bytes ?? [], .. Encoding.UTF8.GetBytes(image.Path ?? "")],
                _ => null,
            };
            hash.AppendData(BitConverter.GetBytes(cell?.Length ?? -1));
            if (cell is not null) hash.AppendData(cell);
        }
        return PictureFingerprint.Digest(hash.GetHashAndReset());
    }

    private static string Normalize(string text)
    {
        // Normalising can throw on lone surrogates; such text is compared as it is.
        string form = text.IsNormalized(NormalizationForm.FormC) || text.Any(char.IsSurrogate) ? text : text.Normalize(NormalizationForm.FormKC);
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
