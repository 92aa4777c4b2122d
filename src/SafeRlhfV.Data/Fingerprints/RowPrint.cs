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
            (picture, string? code, string? what) = PictureReader.Read(bytes, PictureFingerprint.Of);
            if (picture is null) fault = new Finding(code!, FindingSeverity.Error, row.Position.File, row.Position.Row, ["image"], what!) { Split = row.Position.Split };
        }
        byte[]? encoded = row.Image?.Bytes is { } file ? SHA256.HashData(file) : null;
        string[] answers = row.Schema.Layout == RowLayout.Paired ? [row.Text("response_1") ?? "", row.Text("response_2") ?? ""] : [row.Text("response") ?? ""];
        return new RowPrint
        {
            Position = row.Position,
            IsFlat = row.Schema.Layout == RowLayout.Flat,
            Category = row.Text("category"),
            Severity = row.Integer("image_severity"),
            Row = OfRow(row, encoded),
            ImageBytes = encoded is null ? null : PictureFingerprint.Digest(encoded),
            Question = OfText(row.Text("question") ?? ""),
            Words = OfText(string.Join('\n', answers.Prepend(row.Text("question") ?? "").Select(Normalize))),
            Picture = picture,
            PictureFault = fault,
        };
    }

    private static UInt128 OfText(string text) => PictureFingerprint.Digest(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static UInt128 OfRow(DatasetRow row, byte[]? encoded)
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
                    Append(hash, encoded);
                    Append(hash, image.Path is null ? null : Encoding.UTF8.GetBytes(image.Path));
                    break;
                default:
                    Append(hash, null);
                    break;
            }
        return PictureFingerprint.Digest(hash.GetHashAndReset());
    }

    private static void Append(IncrementalHash hash, byte[]? part)
    {
        hash.AppendData(BitConverter.GetBytes(part?.Length ?? -1));
        if (part is not null) hash.AppendData(part);
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
