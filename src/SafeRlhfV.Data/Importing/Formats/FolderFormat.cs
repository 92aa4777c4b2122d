using System.Text.RegularExpressions;

namespace SafeRlhfV.Data;

/// <summary>
/// Image folders and WebDataset archives. <c>file_name</c> and <c>*_file_name(s)</c> name images; an archive's members with an image's ending are the images,
/// its JSON holds the columns and its text is the answer. <c>question</c> asks, <c>response</c> or the text answers; rows of another format's columns are read
/// as that format.
/// </summary>
internal static partial class FolderFormat
{
    private static readonly MessageReader Messages = new(marksImages: true), Answers = new(marksImages: false);
    private static readonly string[] Texts = ["txt", "text", "caption"];

    /// <summary>Reads a row.</summary>
    public static ConversationRecord Read(ImportRow row)
    {
        row = row.With(Columns(row.Map));
        row.RefuseUnsupported();
        if (!row.Map.Has("question") && FormatDetection.OfColumns(row.Map.Keys.ToHashSet()) is { } other) return ImportFormats.Named(other).Read(row);
        if (row.Map.ContainsKey("chosen") || row.Map.ContainsKey("rejected"))
            return AlignAnythingFormat.Pair(row, row["question"], row["chosen"], row["rejected"]);
        ConversationBuilder builder = new(row, row.Pool("images", "image"));
        List<DraftMessage> messages = [Messages.Of(ConversationRole.User, row["question"])];
        builder.PlaceAll(messages);
        if (row.Map.Get(["response", "answer", .. Texts]) is { } answer) messages.Add(Answers.Of(ConversationRole.Assistant, answer));
        return builder.Conversation(messages);
    }

    private static SourceMap Columns(SourceMap source)
    {
        SourceMap columns = new();
        List<(int Number, object? Image)> members = [];
        foreach ((string name, object? value) in source)
        {
            string ending = name[(name.LastIndexOf('.') + 1)..];
            int suffix = FileName().Match(name) is { Success: true } match ? match.Index : -1;
            if (name == "file_name") columns["image"] = value;
            else if (suffix > 0) columns[name[..suffix]] = value;
            else if (value is SourceMap json && ending == "json")
                foreach ((string inner, object? held) in json) columns[inner] = held;
            else if (value is byte[] && ending is "jpg" or "jpeg" or "png" or "webp" or "gif" or "bmp")
                members.Add((int.TryParse(name.Split('.')[0], out int number) ? number : int.MaxValue, value));
            else if (ending is "mp4" or "avi" or "mov" or "webm" or "mkv") columns["video"] = name;
            else if (ending is "wav" or "mp3" or "flac" or "ogg") columns["audio"] = name;
            else columns[name] = value;
        }
        if (members.Count > 0) columns["images"] = members.OrderBy(member => member.Number).Select(member => member.Image).ToList();
        return columns;
    }

    [GeneratedRegex("_file_names?$")]
    private static partial Regex FileName();
}
