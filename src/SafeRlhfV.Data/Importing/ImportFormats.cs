namespace SafeRlhfV.Data;

/// <summary>The formats that can be imported.</summary>
public static class ImportFormats
{
    /// <summary>The format's name that means: look at the columns.</summary>
    public const string Auto = "auto";

    /// <summary>LLaMA-Factory, whose dataset_info.json tells how its files are read.</summary>
    internal const string LlamaFactory = "llama-factory";

    /// <summary>Image folders and WebDataset archives.</summary>
    internal const string Folder = "folder";

    private static readonly ImportFormat[] All =
    [
        new("trl", ["prompt", "chosen", "rejected", "completion"], TrlFormat.Read),
        new("conversations", ["conversations"], SharegptFormat.Read),
        new("llava", ["conversations"], LlavaFormat.Read),
        new("sharegpt", ["conversations"], SharegptFormat.Read),
        new("messages", ["messages"], SwiftFormat.Read),
        new("openai", ["messages", "input"], OpenAiFormat.Read),
        new("ms-swift", ["messages", "conversations", "conversation", "query", "response"], SwiftFormat.Read),
        new("align-anything", ["question", "prompt"], AlignAnythingFormat.Read),
        new("spavl", ["question"], SpaVlFormat.Read),
        new("verl", ["prompt", "problem"], VerlFormat.Read),
        new("openrlhf", ["message"], VerlFormat.ReadOpenRlhf),
        new(Folder, [], FolderFormat.Read),
        new("beavertails", ["question", "response", "response_1"], BeaverTailsFormat.Read),
    ];

    /// <summary>What can be asked for.</summary>
    public static IReadOnlyList<string> Names { get; } = [Auto, .. All.Select(format => format.Name), LlamaFactory];

    /// <summary>A format by its name.</summary>
    internal static ImportFormat Named(string name) =>
        Array.Find(All, format => format.Name == name) ?? throw new ArgumentException($"No format is called {name}.", nameof(name));
}
