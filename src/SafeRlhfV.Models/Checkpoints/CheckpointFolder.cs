namespace SafeRlhfV.Models;

/// <summary>The files of a checkpoint folder that stand beside the weights.</summary>
internal static class CheckpointFolder
{
    private const long MaxCompanionBytes = 256L << 20;

    /// <summary>True for the files of tokenizer, image processor and chat template.</summary>
    public static bool IsProcessorFile(string name) => name.Contains("processor_config", StringComparison.Ordinal)
        || name.StartsWith("tokenizer", StringComparison.Ordinal)
        || name.StartsWith("chat_template", StringComparison.Ordinal) || name.StartsWith("vocab", StringComparison.Ordinal)
        || Path.GetExtension(name) == ".model"
        || name is "merges.txt" or "special_tokens_map.json" or "added_tokens.json";

    /// <summary>
    /// Copies the files beside the weights: tokenizer, processor, chat template, generation settings, readme; of them those that <paramref name="which"/>
    /// wants.
    /// </summary>
    public static void CopyCompanions(string from, string to, Func<string, bool>? which = null)
    {
        if (!Directory.Exists(from)) throw new InvalidInputException($"{from}: no such folder to take tokenizer and processor files from.");
        foreach (string path in Directory.EnumerateFiles(from))
        {
            string name = Path.GetFileName(path);
            bool companion = Path.GetExtension(name) is ".json" or ".jinja" or ".txt" or ".model" or ".md" or ""
                && name is not ("config.json" or GuardConfig.FileName or ModelKinds.FileName) && !name.EndsWith(".index.json", StringComparison.Ordinal)
                && !name.StartsWith("adapter_", StringComparison.Ordinal);
            if (!companion || which?.Invoke(name) == false || FileSize.Of(path) > MaxCompanionBytes || File.Exists(Path.Combine(to, name))) continue;
            Copy(path, to);
        }
    }

    /// <summary>Copies one file into a folder.</summary>
    public static void Copy(string path, string folder) =>
        // not File.Copy: a read-only source would give a read-only copy
        File.WriteAllBytes(Path.Combine(folder, Path.GetFileName(path)), File.ReadAllBytes(path));
}
