using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SafeRlhfV.Data;

namespace SafeRlhfV.Annotation;

/// <summary>Making pairs of a folder of images, in shards of so many images, categories and severities.</summary>
internal sealed class MakingWork : IShardedWork<MakingReport>
{
    private readonly MakingSettings settings;
    private readonly string images, split;
    private readonly UnitList units;
    private readonly int shardUnits;

    private MakingWork(MakingSettings settings, string images, string split, UnitList units, string identity, int shardUnits)
    {
        (this.settings, this.images, this.split, this.units, Identity, this.shardUnits) = (settings, images, split, units, identity, shardUnits);
        Shards = (units.Units.Count + shardUnits - 1) / shardUnits;
    }

    public string Kind => "make";
    public string Identity { get; }
    public int Shards { get; }
    public long Items => units.Units.Count;
    public IEnumerable<EndpointSettings> Endpoints => settings.Endpoints;
    public double? Budget => settings.Judging.Budget;
    public BeaverTailsWriterOptions Card => CardOf(settings);

    /// <summary>The work on a folder of images. The first worker looks at all images, once for all.</summary>
    /// <exception cref="InvalidInputException">No image can be used.</exception>
    public static MakingWork Open(MakingSettings settings, string images, string working, string split, int shardPairs, int? limit)
    {
        int shardUnits = Math.Max(1, shardPairs / (settings.QuestionsPerImage * settings.PairsPerQuestion));
        IReadOnlyList<SourceImage> found = SourceImage.Find(images);
        JsonObject whole = new()
        {
            ["judge"] = LabellingWork.JudgeIdentity(settings.Judging),
            ["models"] = new JsonArray([.. settings.Answerers.Prepend(settings.Asker)
                .Select(model => (JsonNode)$"{model.Name} {model.Model} {model.Endpoint.Address} {model.Temperature} {model.MaxTokens} {model.Json}")]),
            ["asked"] = $"{string.Join(',', settings.Categories)} {string.Join(',', settings.Severities)} {settings.QuestionsPerImage} "
                + $"{settings.PairsPerQuestion} {split} {limit} {shardUnits}",
            ["images"] = new JsonArray([.. found.Select(image => (JsonNode)$"{image.Path} {FileSize.Of(image.File)}")]),
        };
        string identity = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(whole.ToJsonString()))),
            file = Path.Combine(working, $"units-{identity[..16]}.json");
        if (!File.Exists(file))
        {
            List<string> leftOut = [];
            UnitItem[] items = [.. DatasetMaker.Units(settings, DatasetMaker.Sound(found, leftOut), leftOut).Take(limit ?? int.MaxValue)
                .Select(unit => new UnitItem(unit.Image.Path, unit.Category, unit.Severity))];
            if (items.Length == 0)
                throw new InvalidInputException($"{images}: no image can be used; put images into folders named by category, "
                    + "or name categories in the settings.");
            AtomicFile.WriteNew(file, JsonSerializer.Serialize(new UnitList(found.Count, leftOut, items)));
        }
        UnitList units = DiskErrors.Reading(file, () => JsonSerializer.Deserialize<UnitList>(File.ReadAllText(file))!);
        return new(settings, images, split, units, identity, shardUnits);
    }

    public BeaverTailsWriter Begin(string folder, BeaverTailsWriterOptions options) => BeaverTailsWriter.Create(folder, RowLayout.Paired, options);

    public async Task<ShardOutcome> RunAsync(int shard, ModelCaller caller, int parallel, Action onItem, CancellationToken cancellationToken)
    {
        MakingCounts counts = new();
        UnitMaker maker = new(settings, caller, counts);
        UnitItem[] items = [.. units.Units.Skip(shard * shardUnits).Take(shardUnits)];
        UnitResult[] results = await ShardedJob.EachAsync(items, parallel, item =>
        {
            SourceImage image = new(item.Image, Path.Combine(images, item.Image), item.Category);
            return maker.MakeAsync(new(image, item.Category, item.Severity), cancellationToken);
        }, onItem, cancellationToken).ConfigureAwait(false);
        return new(CountsOf(results, counts, caller),
            results.SelectMany(result => result.Pairs).Select(one => (split, one.Pair.Category, DatasetRow.From(one.WithImage()))), [],
            new Dictionary<string, string>
            {
                [AnnotationFile.Name] = AnnotationFile.Write(results.SelectMany(result => result.Pairs).SelectMany(one => one.Judgements)),
                ["contested.jsonl"] = ContestedPair.Lines(results.SelectMany(result => result.Contested), images),
            });
    }

    public (string Name, string Text) Describe(ShardCounts counts, IReadOnlyList<AnnotationRecord> sample) =>
        ("making.json", JobReportJson.Write(Report(new(counts, [], false), sample, null)));

    public MakingReport Report(ShardedResult result, IReadOnlyList<AnnotationRecord> sample, string? folder) =>
        new(result, sample, folder) { Images = units.Images, ImagesLeftOut = units.LeftOut };

    /// <summary>The figures of some units.</summary>
    public static ShardCounts CountsOf(IReadOnlyList<UnitResult> results, MakingCounts counts, ModelCaller caller) => ShardCounts.Of(counts, caller) with
    {
        Items = results.Count,
        Questions = results.Sum(result => result.Questions),
        Unfit = results.Count(result => result.IsUnfit),
        Pairs = results.Sum(result => result.Pairs.Count),
        Contested = results.Sum(result => result.Contested.Count),
        Order = OrderCounts.Of(results.SelectMany(result => result.Judgements)),
    };

    /// <summary>The card of made pairs.</summary>
    public static BeaverTailsWriterOptions CardOf(MakingSettings settings) => new()
    {
        Name = "Pairs made by models",
        Description = $"Pairs in the layout of BeaverTails-V (arXiv 2503.17682), made by models: questions by {settings.Asker.Name}, "
            + $"answers by {string.Join(", ", settings.Answerers.Select(model => model.Name))}, "
            + $"labels by {settings.Judging.Model.Name} ({settings.Judging.Judgements}, "
            + $"at least {settings.Judging.Agreement:P0} of which agree on both preferences). "
            + "`image_severity` is the severity that the question was asked for. "
            + $"`{AnnotationFile.Name}` holds the single judgements, `making.json` the figures.",
    };

    private sealed record UnitList(int Images, IReadOnlyList<string> LeftOut, IReadOnlyList<UnitItem> Units);

    private sealed record UnitItem(string Image, string Category, int Severity);
}
