using System.Text.Json;
using System.Text.Json.Serialization;
using SafeRlhfV.Data;

namespace SafeRlhfV.Annotation;

/// <summary>
/// The working folder of a job, which all its workers share: <c>job.json</c> says which job, <c>shards/N/CLAIM/</c> holds the journal and audit of each
/// claim, <c>parts/N</c> and <c>contested.parts/N</c> are the published rows of a shard: each a whole data set, named when it is whole.
/// </summary>
internal sealed class ShardFolder(string working)
{
    private const string CountsFile = "counts.json";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>The token of the job that works here; a new one where none does yet.</summary>
    /// <param name="work">The job's work.</param>
    /// <param name="target">The data set that it writes: as seen from here the same for all workers, wherever the disk is mounted.</param>
    /// <exception cref="InvalidInputException">Another job works here, or the disk refuses.</exception>
    public string Open(IShardedWork work, string target)
    {
        string file = Path.Combine(working, "job.json");
        JobFile job = new(work.Kind, work.Identity, Path.GetRelativePath(working, target), $"{Guid.NewGuid():N}");
        if (!File.Exists(file)) AtomicFile.WriteNew(file, JsonSerializer.Serialize(job, Json)); // of workers that begin at one moment one names the job
        JobFile found = Read<JobFile>(file);
        if (found.Target != job.Target)
            throw new InvalidInputException($"{working}: holds a job that writes {Path.GetFullPath(found.Target, Path.GetFullPath(working))}; "
                + "give the same --out, or another --work.");
        return found.Kind == work.Kind && found.Identity == work.Identity ? found.Token
            : throw new InvalidInputException($"{working}: holds a job of other settings, data or size of shards; "
                + "give another --work, or the settings as they were.");
    }

    /// <summary>A folder of its own for a claim's calls, and the journals of those who worked on the shard before.</summary>
    public (string Folder, IReadOnlyList<string> Earlier) Journals(ShardClaim claim)
    {
        string shard = Path.Combine(working, "shards", Name(claim.Shard)), own = Path.Combine(shard, claim.Token);
        return DiskErrors.Writing(working, () =>
        {
            Directory.CreateDirectory(own);
            return (own, (IReadOnlyList<string>)[.. Directory.EnumerateFiles(shard, "journal.jsonl", SearchOption.AllDirectories)
                .Where(file => Path.GetDirectoryName(file) != own).Order(StringComparer.Ordinal)]);
        });
    }

    /// <summary>The figures of a shard that is published; null where it is not.</summary>
    public ShardCounts? Find(int shard) => Path.Combine(Part(shard), CountsFile) is var file && File.Exists(file) ? Read<ShardCounts>(file) : null;

    /// <summary>Publishes a shard, in place of one with failures.</summary>
    public void Publish(int shard, IShardedWork work, ShardOutcome outcome)
    {
        BeaverTailsWriterOptions options = work.Card with { Overwrite = true };
        if (outcome.Contested.Count > 0) Write(Path.Combine(working, "contested.parts", Name(shard)), outcome.Contested, new Dictionary<string, string>());
        // the part comes last: it says that the shard is done
        Dictionary<string, string> files = new(outcome.Files) { [CountsFile] = JsonSerializer.Serialize(outcome.Counts, Json) };
        if (outcome.Counts.Pairs > 0) Write(Part(shard), outcome.Rows, files);
        else
            AtomicFolder.Write(Part(shard), overwrite: true, folder =>
            {
                foreach ((string name, string text) in files) File.WriteAllText(Path.Combine(folder, name), text);
            });

        void Write(string folder, IEnumerable<(string Split, string Config, DatasetRow Row)> rows, IReadOnlyDictionary<string, string> texts)
        {
            using BeaverTailsWriter writer = work.Begin(folder, options);
            foreach ((string split, string config, DatasetRow row) in rows) writer.Add(split, row, config);
            foreach ((string name, string text) in texts) writer.Attach(name, text);
            writer.Complete();
        }
    }

    /// <summary>Puts all published shards together.</summary>
    /// <returns>The figures, and whether a data set was written: not where no pair came of it.</returns>
    public (ShardCounts Counts, bool IsWritten) Join(IShardedWork work, string target)
    {
        ShardCounts total = ShardCounts.None;
        List<string> parts = [], contested = [], folders = [];
        for (int shard = 0; shard < work.Shards; shard++)
        {
            if (Find(shard) is not { } counts) continue; // its workers were lost: the queue says so
            total += counts;
            folders.Add(Part(shard));
            if (counts.Pairs > 0) parts.Add(Part(shard));
            if (Path.Combine(working, "contested.parts", Name(shard)) is var folder && Directory.Exists(folder)) contested.Add(folder);
        }
        BeaverTailsWriterOptions options = work.Card with { Overwrite = true }; // whoever began the job made sure that the target is free
        if (contested.Count > 0) DatasetJoiner.Join(contested, Path.Combine(working, "contested"), options);
        foreach (string name in folders.SelectMany(folder => Directory.EnumerateFiles(folder, "*.jsonl")).Select(file => Path.GetFileName(file))
            .Where(name => name != AnnotationFile.Name).Distinct().ToArray())
            AtomicFile.Write(Path.Combine(working, name), stream => Concatenate(folders, name, stream));
        if (parts.Count == 0) return (total, false);
        DatasetJoiner.Join(parts, target, options, folder =>
        {
            using (FileStream annotations = File.Create(Path.Combine(folder, AnnotationFile.Name))) Concatenate(folders, AnnotationFile.Name, annotations);
            (string name, string text) = work.Describe(total, Sample(Path.Combine(folder, AnnotationFile.Name)));
            File.WriteAllText(Path.Combine(folder, name), text);
        });
        return (total, true);
    }

    /// <summary>The judgements that figures of agreement are made of: all of them, or the first of very many.</summary>
    public static IReadOnlyList<AnnotationRecord> Sample(string file)
    {
        const int Most = 200_000;
        return [.. AnnotationFile.ReadLines(file).Take(Most)];
    }

    private static void Concatenate(List<string> folders, string name, Stream into)
    {
        foreach (string file in folders.Select(folder => Path.Combine(folder, name)).Where(File.Exists))
        {
            using FileStream from = File.OpenRead(file);
            from.CopyTo(into);
        }
    }

    private string Part(int shard) => Path.Combine(working, "parts", Name(shard));

    private static string Name(int shard) => $"{shard:000000}";

    private static T Read<T>(string file)
    {
        try
        {
            return DiskErrors.Reading(file, () => JsonSerializer.Deserialize<T>(File.ReadAllText(file), Json)!);
        }
        catch (JsonException error)
        {
            throw DiskErrors.Unreadable(file, error, "give another --work");
        }
    }

    private sealed record JobFile(string Kind, string Identity, string Target, string Token);
}
