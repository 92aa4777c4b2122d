namespace SafeRlhfV.Processing;

/// <summary>Reads tokenizer.json and what tokenizer_config.json adds to it.</summary>
internal static class TokenizerFile
{
    /// <summary>Ids from here on are taken for a mistake: a table by id is kept.</summary>
    public const int MostTokens = 1 << 21;

    private const long MostBytes = 256 << 20;

    /// <summary>Reads the files of a folder.</summary>
    /// <exception cref="InvalidInputException">One is missing or malformed.</exception>
    public static TokenizerParts Open(string folder)
    {
        string path = Path.Combine(folder, "tokenizer.json"), configPath = Path.Combine(folder, "tokenizer_config.json");
        if (!File.Exists(path))
            throw new InvalidInputException($"{path}: no such file; a checkpoint folder needs its tokenizer as one tokenizer.json (newer libraries write it "
                + "with save_pretrained).");
        return Parse(Bytes(path), path, File.Exists(configPath) ? ConfigReader.Open(configPath) : null);
    }

    /// <summary>Reads the text of a tokenizer.json.</summary>
    public static TokenizerParts Parse(ReadOnlyMemory<byte> json, string path, ConfigReader? config = null)
    {
        try
        {
            ConfigReader root = ConfigReader.Parse(json, path);
            TokenModel model = ModelReader.Read(root.Section("model") ?? throw root.Error("model", "is missing"));
            List<AddedToken> added = [.. (root.Sections("added_tokens") ?? []).Select(token => AddedToken(token, token.Int("id", least: 0, most: MostTokens)))];
            if (config?.Flag("split_special_tokens", false) == true)
                throw config.Error("split_special_tokens", "must be false; special tokens that are read as plain text are not supported");
            AddFromConfig(config, added);
            return new TokenizerParts(path, model, added)
            {
                Normalizer = root.Section("normalizer") is { } normalizer ? NormalizerReader.Read(normalizer) : null,
                PreTokenizers = root.Section("pre_tokenizer") is { } splitter ? PreTokenizerReader.Read(splitter) : [],
                Template = root.Section("post_processor") is { } processor ? TemplateReader.Read(processor) : TokenTemplate.None,
                Decoder = root.Section("decoder") is { } decoder ? DecoderReader.Read(decoder) : null,
                Config = config,
            };
        }
        catch (InvalidOperationException error)
        {
            // what the JSON reader says of a text with half a surrogate pair
            throw new InvalidInputException($"{path}: a text in it is not valid Unicode ({error.Message}).", error);
        }
    }

    // as transformers does it: tokens that tokenizer.json lacks
    private static void AddFromConfig(ConfigReader? config, List<AddedToken> added)
    {
        if (config?.Section("added_tokens_decoder") is not { } listed) return;
        HashSet<string> known = [.. added.Select(token => token.Content)];
        foreach (string name in listed.Element.EnumerateObject().Select(property => property.Name).ToArray())
        {
            if (!int.TryParse(name, out int id) || id < 0 || id > MostTokens) throw listed.Error(name, "is not an id");
            AddedToken token = AddedToken(listed.Section(name) ?? throw listed.Error(name, "must be an object"), id);
            if (known.Add(token.Content)) added.Add(token);
        }
    }

    private static AddedToken AddedToken(ConfigReader token, int id)
    {
        string content = token.Text("content");
        if (content.Length == 0) throw token.Error("content", "is empty, and so can never be found");
        bool special = token.Flag("special", false);
        return new(id, content, special, token.Flag("normalized", !special), token.Flag("single_word", false), token.Flag("lstrip", false),
            token.Flag("rstrip", false));
    }

    private static byte[] Bytes(string path) => DiskErrors.Reading(path, () =>
    {
        if (FileSize.Of(path) > MostBytes) throw new InvalidInputException($"{path}: larger than {MostBytes >> 20} MiB.");
        return File.ReadAllBytes(path);
    });
}
