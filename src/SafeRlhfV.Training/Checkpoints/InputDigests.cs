using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace SafeRlhfV.Training;

/// <summary>
/// Digests of the contents of models and data sets, so that work of several stages knows what it was made from. They are kept in a file: contents are read
/// again only where a file's size or time has changed.
/// </summary>
/// <param name="file">Where they are kept; null = nowhere.</param>
public sealed class InputDigests(string? file)
{
    private readonly List<InputPrint> known = Read(file);

    /// <summary>The digest of a model's files.</summary>
    /// <param name="folder">The checkpoint's folder.</param>
    public string OfModel(string folder) => Of(RecipeInputs.Model($"model {folder}", folder));

    /// <summary>The digest of a data set's files and images, without their places.</summary>
    /// <param name="data">The data set's folder or file.</param>
    /// <exception cref="InvalidInputException">It cannot be opened.</exception>
    public string OfData(string data) => Of(RecipeInputs.Data($"data {data}", new DataRecipe { Folder = data, Split = null }));

    private string Of(RunInput input)
    {
        IReadOnlyList<InputPrint> prints = InputPrint.Take([input], known);
        known.RemoveAll(old => prints.Any(print => print.Name == old.Name && print.Path == old.Path));
        known.AddRange(prints);
        if (file is not null) AtomicFile.Write(file, JsonSerializer.Serialize(known));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', prints.Select(print =>
            $"{Path.GetFileName(print.Path)} {print.Sha256}")))));
    }

    private static List<InputPrint> Read(string? file)
    {
        if (file is null || !File.Exists(file)) return [];
        try
        {
            return JsonSerializer.Deserialize<List<InputPrint>>(File.ReadAllText(file)) ?? [];
        }
        catch (JsonException)
        {
            return []; // the contents are read again
        }
    }
}
