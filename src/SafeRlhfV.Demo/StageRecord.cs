using System.Text.Json;

namespace SafeRlhfV.Demo;

/// <summary>Which stages are finished, under which settings, and how long they took: stages.json in the output folder.</summary>
internal sealed class StageRecord
{
    private static readonly JsonSerializerOptions Form = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    private readonly string path;
    private readonly Contents contents;

    private StageRecord(string path, Contents contents) => (this.path, this.contents) = (path, contents);

    /// <summary>Opens the record of a folder, or begins one.</summary>
    /// <exception cref="InvalidInputException">The folder is of other settings or holds something else.</exception>
    public static StageRecord Open(DemoFolders folders, string settings)
    {
        string path = folders.Stages;
        try
        {
            if (!File.Exists(path))
            {
                if (Directory.Exists(folders.Root) && Directory.EnumerateFileSystemEntries(folders.Root).Any())
                    throw new InvalidInputException($"{folders.Root}: there is something else in it; choose a new or empty folder with --out.");
                Directory.CreateDirectory(folders.Root);
                StageRecord fresh = new(path, new Contents { Settings = settings });
                fresh.Save();
                return fresh;
            }
            Contents read = JsonSerializer.Deserialize<Contents>(File.ReadAllText(path), Form)!;
            return read.Settings == settings
                ? new StageRecord(path, read)
                : throw new InvalidInputException($"{folders.Root}: it holds a run of other settings or of another version; choose another folder with --out, "
                    + "or start over with --fresh.");
        }
        catch (Exception error) when (error is JsonException or NullReferenceException)
        {
            throw new InvalidInputException($"{path}: it is damaged; choose another folder with --out, or start over with --fresh.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{folders.Root}: cannot be written ({error.Message}); choose another folder with --out.", error);
        }
    }

    /// <summary>Seconds of a finished stage; null where it is not.</summary>
    public double? Seconds(string stage) => contents.Finished.TryGetValue(stage, out double seconds) ? seconds : null;

    /// <summary>Notes a finished stage.</summary>
    public void Finish(string stage, double seconds)
    {
        contents.Finished[stage] = Math.Round(seconds, 2);
        Save();
    }

    private void Save() => AtomicFile.Write(path, JsonSerializer.Serialize(contents, Form) + "\n");

    private sealed class Contents
    {
        public required string Settings { get; init; }

        public Dictionary<string, double> Finished { get; init; } = [];
    }
}
