namespace SafeRlhfV.Data;

/// <summary>Why an import leaves a row out.</summary>
public static class DropReason
{
    /// <summary>The line, the element of an array or a text that must be JSON is none.</summary>
    public const string BadJson = "bad-json";

    /// <summary>The JSON value is no object.</summary>
    public const string NotObject = "not-object";

    /// <summary>A text holds half a surrogate pair or bytes that are not UTF-8.</summary>
    public const string TextInvalid = "text-invalid";

    /// <summary>The row holds no message.</summary>
    public const string Empty = "empty";

    /// <summary>A system message holds nothing, or a question neither an image nor a text of more than white space.</summary>
    public const string EmptyText = "empty-text";

    /// <summary>An answer holds no text, or only white space.</summary>
    public const string EmptyAnswer = "empty-answer";

    /// <summary>The conversation ends with a question where the format needs an answer.</summary>
    public const string NoAnswer = "no-answer";

    /// <summary>A role is unknown, roles do not alternate, or a user speaks where an answer belongs.</summary>
    public const string Roles = "roles";

    /// <summary>The row offers or calls tools.</summary>
    public const string Tools = "tools";

    /// <summary>The row holds a video.</summary>
    public const string Video = "video";

    /// <summary>The row holds sound.</summary>
    public const string Audio = "audio";

    /// <summary>A part of a message is of an unknown type, or an answer is given in steps (TRL's <c>completions</c>).</summary>
    public const string PartUnknown = "part-unknown";

    /// <summary>An image's file is not there.</summary>
    public const string ImageMissing = "image-missing";

    /// <summary>An image is null where one belongs.</summary>
    public const string ImageNull = "image-null";

    /// <summary>The row has more or fewer images than places for them.</summary>
    public const string ImageCount = "image-count";

    /// <summary>An image lies on the network; nothing is fetched.</summary>
    public const string ImageUrl = "image-url";

    /// <summary>An image's path leaves the folder of images.</summary>
    public const string ImageOutside = "image-outside";

    /// <summary>An image's bytes cannot be decoded.</summary>
    public const string ImageUndecodable = "image-undecodable";

    /// <summary>What stands for an image is no image: a number, an object without bytes or path.</summary>
    public const string ImageUnreadable = "image-unreadable";

    /// <summary>An answer or a system message holds an image.</summary>
    public const string ImageInAnswer = "image-in-answer";

    /// <summary>An answer of the pair is missing.</summary>
    public const string PairMissing = "pair-missing";

    /// <summary>The pair's answers are equal.</summary>
    public const string PairIdentical = "pair-identical";

    /// <summary>The pair's answers share no prompt.</summary>
    public const string PairPrompt = "pair-prompt";

    /// <summary>The pair's sides have different images.</summary>
    public const string PairImages = "pair-images";

    /// <summary>A label is missing; it is never read as safe.</summary>
    public const string LabelMissing = "label-missing";

    /// <summary>A label is no yes or no.</summary>
    public const string LabelUnreadable = "label-unreadable";

    /// <summary>A category is none of the twenty.</summary>
    public const string CategoryUnknown = "category-unknown";

    /// <summary>A severity is none of 0 to 3.</summary>
    public const string SeverityUnreadable = "severity-unreadable";

    /// <summary>No preference is told.</summary>
    public const string PreferenceMissing = "preference-missing";
}
