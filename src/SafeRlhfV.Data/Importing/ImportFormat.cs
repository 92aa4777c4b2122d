namespace SafeRlhfV.Data;

/// <summary>A format that can be imported.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Words">The columns that hold a row's words; a row without any of them is of another format.</param>
/// <param name="Read">Reads a row.</param>
internal sealed record ImportFormat(string Name, string[] Words, Func<ImportRow, ConversationRecord> Read);
