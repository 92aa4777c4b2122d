namespace SafeRlhfV.Data;

/// <summary>The codes of findings.</summary>
public static class Fault
{
    /// <summary>The file ends before its footer, or its footer claims more than the file holds.</summary>
    public const string TruncatedFile = "truncated-file";
    /// <summary>The file is not Parquet.</summary>
    public const string NotParquet = "not-parquet";
    /// <summary>The file's footer cannot be read.</summary>
    public const string CorruptFooter = "corrupt-footer";
    /// <summary>A page of a column is damaged.</summary>
    public const string CorruptPage = "corrupt-page";
    /// <summary>The file cannot be opened.</summary>
    public const string Unreadable = "unreadable";
    /// <summary>A line is not a JSON object.</summary>
    public const string BadJson = "bad-json";
    /// <summary>A column is missing.</summary>
    public const string MissingColumn = "missing-column";
    /// <summary>A column or cell is of another type than the layout's.</summary>
    public const string WrongType = "wrong-type";
    /// <summary>The file holds no row.</summary>
    public const string ZeroRows = "zero-rows";
    /// <summary>A cell that must hold a value is null.</summary>
    public const string NullValue = "null-value";
    /// <summary>Text that is not UTF-8.</summary>
    public const string InvalidUtf8 = "invalid-utf8";
    /// <summary>A question or answer without any visible character.</summary>
    public const string EmptyText = "empty-text";
    /// <summary>A harmless rate outside -3..3 or a helpful rate outside 0..3.</summary>
    public const string RateOutOfRange = "rate-out-of-range";
    /// <summary>An image severity outside 0..3.</summary>
    public const string SeverityOutOfRange = "severity-out-of-range";
    /// <summary>A preferred answer that is neither 1 nor 2.</summary>
    public const string BadId = "bad-id";
    /// <summary>A safety label that is neither yes nor no.</summary>
    public const string BadLabel = "bad-label";
    /// <summary>A category outside the taxonomy.</summary>
    public const string UnknownCategory = "unknown-category";
    /// <summary>A safety label that contradicts the harmless rate.</summary>
    public const string LabelContradictsRate = "label-contradicts-rate";
    /// <summary>The safer answer is unsafe while the other is safe.</summary>
    public const string SaferContradictsRates = "safer-id-contradicts-rates";
    /// <summary>The safer answer has the lower rate, both on the same side of the safe/unsafe line.</summary>
    public const string SaferContradictsRatesWithinLine = "safer-id-contradicts-rates-within-line";
    /// <summary>The more helpful answer has the lower rate.</summary>
    public const string HelpfulContradictsRates = "helpful-id-contradicts-rates";
    /// <summary>Both answers are the same text.</summary>
    public const string IdenticalResponses = "identical-responses";
    /// <summary>No image, or an image without bytes.</summary>
    public const string ImageNull = "image-null";
    /// <summary>Image bytes that cannot be decoded.</summary>
    public const string ImageUndecodable = "image-undecodable";
    /// <summary>An image that would take too much memory when decoded.</summary>
    public const string ImageBomb = "image-bomb";
    /// <summary>Messages whose roles are unknown, do not alternate, or do not end with a question.</summary>
    public const string Roles = "roles";
    /// <summary>More or fewer image parts in the messages than images.</summary>
    public const string ImageCount = "image-count";
    /// <summary>An image in an answer.</summary>
    public const string ImageInAnswer = "image-in-answer";
    /// <summary>A video, which no trainer here can read.</summary>
    public const string Video = "video";
    /// <summary>Sound, which no trainer here can read.</summary>
    public const string Audio = "audio";
    /// <summary>Calls of tools or their results, which no trainer here can read.</summary>
    public const string Tools = "tools";
    /// <summary>A part of a message of an unknown type.</summary>
    public const string PartUnknown = "part-unknown";
    /// <summary>An image whose size or proportions a model family does not take.</summary>
    public const string ImageProportions = "image-proportions";
    /// <summary>Rows equal in every column.</summary>
    public const string DuplicateRows = "duplicate-rows";
    /// <summary>A train image with the same pixels as an evaluation image.</summary>
    public const string LeakExact = "leak-exact";
    /// <summary>A train image that looks like an evaluation image.</summary>
    public const string LeakNear = "leak-near";
}
