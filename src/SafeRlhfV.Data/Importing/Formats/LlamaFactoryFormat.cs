namespace SafeRlhfV.Data;

/// <summary>
/// A data set of LLaMA-Factory, read as its entry in dataset_info.json says. Once <c>columns</c> or <c>tags</c> are given, a name that they leave out is none,
/// not its default.
/// </summary>
internal sealed class LlamaFactoryFormat
{
    private readonly bool isRanking, isShareGpt;
    private readonly Dictionary<string, string> columns;
    private readonly MessageReader messages;
    private readonly MessageReader marked = new(marksImages: true);

    private LlamaFactoryFormat(string file, string folder, SourceMap entry)
    {
        File = Path.GetFullPath(Path.Combine(folder, file));
        isRanking = entry.Get("ranking") is true;
        isShareGpt = entry.Get("formatting") is "sharegpt" or "openai";
        columns = Named(entry.Get("columns"), ("prompt", "instruction"), ("query", "input"), ("response", "output"), ("messages", "conversations"));
        Dictionary<string, string> tags = Named(entry.Get("tags"), ("role_tag", "from"), ("content_tag", "value"), ("user_tag", "human"),
            ("assistant_tag", "gpt"), ("observation_tag", "observation"), ("function_tag", "function_call"), ("system_tag", "system"));
        Dictionary<string, ConversationRole?> roles = [];
        foreach ((string tag, ConversationRole? role) in ((string, ConversationRole?)[])[("observation_tag", null), ("function_tag", null),
            ("system_tag", ConversationRole.System), ("user_tag", ConversationRole.User), ("assistant_tag", ConversationRole.Assistant)])
            if (tags.TryGetValue(tag, out string? name)) roles[name] = role;
        messages = new MessageReader(marksImages: true)
        {
            Roles = roles,
            RoleNames = tags.TryGetValue("role_tag", out string? roleTag) ? [roleTag] : [],
            ContentNames = tags.TryGetValue("content_tag", out string? contentTag) ? [contentTag] : [],
        };
    }

    /// <summary>The data set's file or folder.</summary>
    public string File { get; }

    /// <summary>Whether a file is a dataset_info.json of LLaMA-Factory; <c>save_to_disk</c> writes one of the same name.</summary>
    public static bool IsIndex(string file) =>
        Read(file) is { } entries
        && entries.Values.OfType<SourceMap>().Any(entry => entry.Keys.Any(key => key == "file_name" || key.EndsWith("_url", StringComparison.Ordinal)));

    /// <summary>Opens a data set that an index names.</summary>
    /// <param name="index">The path of dataset_info.json.</param>
    /// <param name="name">The data set; null where the index has one only.</param>
    /// <exception cref="InvalidInputException">No such data set, it is not here, or its entry asks for what cannot be done.</exception>
    public static LlamaFactoryFormat Open(string index, string? name)
    {
        SourceMap entries = Read(index) ?? throw new InvalidInputException($"{index}: not a JSON object of data sets; see LLaMA-Factory's dataset_info.json.");
        string known = string.Join(", ", entries.Keys.Take(24));
        if (name is null && entries.Count != 1)
            throw new InvalidInputException($"{index}: names {entries.Count} data sets ({known}); choose one with --dataset.");
        name ??= entries.Keys.First();
        if (entries.Get(name) is not SourceMap entry) throw new InvalidInputException($"{index}: names no data set {Finding.Quote(name)}, only {known}.");
        if (entry.Get("num_samples") is not null)
            throw new InvalidInputException($"{index}: num_samples of {Finding.Quote(name)} draws rows at random, which an import does not; remove it.");
        if (entry.Get("formatting") is { } formatting and not ("alpaca" or "sharegpt" or "openai"))
            throw new InvalidInputException(
                $"{index}: {Finding.Quote(name)} has an unknown formatting {Finding.Quote($"{formatting}")}; known are alpaca, sharegpt and openai.");
        string folder = Path.GetDirectoryName(Path.GetFullPath(index))!;
        if (entry.Get("file_name") is string file && Path.Exists(Path.Combine(folder, file))) return new LlamaFactoryFormat(file, folder, entry);
        if (entry.Keys.FirstOrDefault(key => key.EndsWith("_url", StringComparison.Ordinal)) is { } url)
            throw ImportFault.Error(ImportFault.NotLocal, index,
                $"{Finding.Quote(name)} lies at {url} {Finding.Quote($"{entry.Get(url)}")} and nothing is downloaded; "
                    + "fetch it and name its file with file_name");
        throw new InvalidInputException($"{index}: the file of {Finding.Quote(name)}, {Finding.Quote($"{entry.Get("file_name")}")}, is not there; fetch it.");
    }

    /// <summary>The format as its rows are read.</summary>
    public ImportFormat Format => new(ImportFormats.LlamaFactory, [], Read);

    private ConversationRecord Read(ImportRow row)
    {
        if (!IsEmpty(Value(row, "videos"))) throw new DroppedRowException(DropReason.Video);
        if (!IsEmpty(Value(row, "audios"))) throw new DroppedRowException(DropReason.Audio);
        if (!IsEmpty(Value(row, "tools")) && Value(row, "tools") is not "[]") throw new DroppedRowException(DropReason.Tools);
        ConversationBuilder builder = new(row, ImageResolver.Listed(Value(row, "images")));
        List<DraftMessage>? turns = isShareGpt ? messages.Read(Value(row, "messages")) : Instruction(row);
        List<DraftMessage> prompt = SharegptFormat.WithSystem(turns, Value(row, "system")) ?? [];
        if (prompt.Count == 0) throw new DroppedRowException(DropReason.Empty);
        if (isRanking) return builder.Pair(prompt, Answer(Value(row, "chosen")), Answer(Value(row, "rejected")));
        if (columns.ContainsKey("kto_tag"))
        {
            object? wanted = Value(row, "kto_tag");
            if (wanted is not (null or bool)) throw new DroppedRowException(DropReason.LabelUnreadable);
            return builder.Rated(prompt) with { Labels = new RecordLabels { Desirable = SourceLabels.Flag(wanted) } };
        }
        ConversationRecord record = builder.Conversation(prompt);
        return record.Kind == RecordKind.Conversation ? record : throw new DroppedRowException(DropReason.NoAnswer);
    }

    /// <summary>Alpaca's columns as messages: the instruction and the input are one question.</summary>
    private List<DraftMessage> Instruction(ImportRow row)
    {
        List<DraftMessage> asked = SwiftFormat.History(marked, Value(row, "history"));
        object?[] words = [Value(row, "prompt"), Value(row, "query")];
        asked.Add(marked.Of(ConversationRole.User, string.Join('\n', words.OfType<string>().Where(text => text.Length > 0))));
        if (!isRanking && Value(row, "response") is { } answer) asked.Add(marked.Of(ConversationRole.Assistant, answer));
        return asked;
    }

    private List<DraftMessage>? Answer(object? value) => value is string text ? [marked.Of(ConversationRole.Assistant, text)] : messages.Read(value);

    private object? Value(ImportRow row, string name) => columns.TryGetValue(name, out string? column) ? row[column] : null;

    private static bool IsEmpty(object? value) => value is null or List<object?> { Count: 0 } or "";

    private static Dictionary<string, string> Named(object? given, params (string Name, string Default)[] defaults) => given is SourceMap map
        ? map.Where(pair => pair.Value is string).ToDictionary(pair => pair.Key, pair => (string)pair.Value!)
        : defaults.ToDictionary(pair => pair.Name, pair => pair.Default);

    private static SourceMap? Read(string file)
    {
        try
        {
            return LenientJson.TryParse(System.IO.File.ReadAllBytes(file), out object? value) ? value as SourceMap : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
