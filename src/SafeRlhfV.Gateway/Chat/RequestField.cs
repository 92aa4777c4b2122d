namespace SafeRlhfV.Gateway;

/// <summary>A row of the table of request fields.</summary>
/// <param name="Path">Its names from the body on, with <c>[]</c> after a list, such as messages[].role.</param>
/// <param name="Use">What becomes of it.</param>
/// <param name="Note">What it is, or why it is refused.</param>
internal sealed record RequestField(string Path, FieldUse Use, string Note)
{
    /// <summary>Words that need no judging.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];

    /// <summary>Whether an opened field may be a text instead, which the reader of messages judges.</summary>
    public bool MayBeText { get; init; }

    /// <summary>Whether an opened field of a chat request is an object; the others are lists.</summary>
    public bool IsObject { get; init; }

    /// <summary>Whether a path is this field's in letters of either case.</summary>
    public bool IsNamed(string path) => string.Equals(Path, path, StringComparison.OrdinalIgnoreCase);
}
