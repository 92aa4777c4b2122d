using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using SafeRlhfV.Data;
using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Annotation;

/// <summary>Labelling a data set of pairs by a judge: a shard is so many rows that follow each other.</summary>
internal sealed class LabellingWork : IShardedWork<LabellingReport>
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly JudgingSettings settings;
    private readonly PreferenceDataset data;
    private readonly int shardPairs;

    public LabellingWork(JudgingSettings settings, PreferenceDataset data, int shardPairs, long? limit)
    {
        (this.settings, this.data, this.shardPairs) = (settings, data, shardPairs);
        if (data.Layout != RowLayout.Paired)
            throw new InvalidInputException($"{data.Path}: rows of one response cannot be labelled as pairs; give a paired data set.");
        Items = Math.Min(data.CountRows(), limit ?? long.MaxValue);
        Shards = checked((int)((Items + shardPairs - 1) / shardPairs));
        Identity = IdentityOf(limit);
    }

    public string Kind => "label";
    public string Identity { get; }
    public int Shards { get; }
    public long Items { get; }
    public IEnumerable<EndpointSettings> Endpoints => [settings.Model.Endpoint];
    public double? Budget => settings.Budget;

    public BeaverTailsWriterOptions Card => new()
    {
        Name = "Pairs labelled by a model",
        Description = $"Pairs in the layout of BeaverTails-V (arXiv 2503.17682), labelled by {settings.Model.Name} ({settings.Judgements}, "
            + $"at least {settings.Agreement:P0} of which agree on both preferences). `{AnnotationFile.Name}` holds the single judgements, "
            + "`labelling.json` the figures.",
    };

    public BeaverTailsWriter Begin(string folder, BeaverTailsWriterOptions options) => BeaverTailsWriter.Create(folder, data, options);

    public (string Name, string Text) Describe(ShardCounts counts, IReadOnlyList<AnnotationRecord> sample) =>
        ("labelling.json", JobReportJson.Write(Report(new(counts, [], false), sample, null)));

    /// <summary>The pair that a row holds, to be judged; or why it cannot be.</summary>
    public static (PairwiseQuestion? Question, string? Why, string? What) Read(DatasetRow row)
    {
        try
        {
            ConversationRecord record = row.ToRecord(RecordParts.Answers);
            if (record.Answers is not [RecordAnswer first, RecordAnswer second]) return (null, "no two responses", "holds no two responses");
            if (record.Messages is not [_] || record.Images.Count > 1)
                return (null, "several messages or images", "is a conversation of several messages or images");
            (IReadOnlyList<EncodedImage> images, string question) = record.AsQuestion("data label");
            EncodedImage? image = images.Count > 0 ? images[0] : null;
            if (image is not null && ChatPairwiseJudge.ImageOf(image) is null)
                return (null, "an image that services do not take", "its image is no PNG, JPEG, WebP or GIF");
            if (first.Text.Trim() == second.Text.Trim()) return (null, "equal responses", "both responses are equal");
            return (new(PairKey.Of(question, first.Text, second.Text, image?.Bytes), image, question, first.Text, second.Text), null, null);
        }
        catch (InvalidInputException error)
        {
            return (null, "a row that breaks a rule", error.Message);
        }
    }

    public async Task<ShardOutcome> RunAsync(int shard, ModelCaller caller, int parallel, Action onItem, CancellationToken cancellationToken)
    {
        MakingCounts counts = new();
        PairJudge judge = new(settings, caller, counts);
        DatasetRow[] rows = [.. data.ReadRange((long)shard * shardPairs, (int)Math.Min(shardPairs, Items - (long)shard * shardPairs))];
        // the row and its image are held until the shard is written
        Judged[] judged = await ShardedJob.EachAsync(rows, parallel, row => JudgeAsync(row, judge, counts, cancellationToken), onItem, cancellationToken)
            .ConfigureAwait(false);
        Judged[] labelled = [.. judged.Where(one => one.Labelled is not null)], contested = [.. judged.Where(one => one.IsContested)],
            leftOut = [.. judged.Where(one => one.LeftOut is not null)];
        return new(
            ShardCounts.Of(counts, caller) with
            {
                Items = rows.Length,
                Pairs = labelled.Length,
                Contested = contested.Length,
                Order = OrderCounts.Of(judged.Select(one => one.Judgements).OfType<PairJudgements>()),
            },
            labelled.Select(one => (one.Row.Position.Split, one.Row.Position.Config, one.Labelled!)),
            [.. contested.Select(one => (one.Row.Position.Split, one.Row.Position.Config, one.Row))],
            new Dictionary<string, string>
            {
                [AnnotationFile.Name] = AnnotationFile.Write(judged.SelectMany(one => one.Records)),
                ["left-out.jsonl"] = string.Concat(leftOut.Select(one => JsonSerializer.Serialize(new { row = $"{one.Row.Position}", why = one.LeftOut }, Json)
                    + "\n")),
            });
    }

    public LabellingReport Report(ShardedResult result, IReadOnlyList<AnnotationRecord> sample, string? folder) => new(result, sample, folder);

    private async Task<Judged> JudgeAsync(DatasetRow row, PairJudge judge, MakingCounts counts, CancellationToken cancellationToken)
    {
        (PairwiseQuestion? question, string? why, string? what) = Read(row);
        if (question is null)
        {
            MakingCounts.Add(counts.AnswersLeftOut, why!);
            return new(row, LeftOut: what);
        }
        PairJudgements judgements;
        try
        {
            (judgements, bool isWhole) = await judge.JudgeAsync(question.Id, question.Image, question.Question, question.First, question.Second,
                cancellationToken)
                .ConfigureAwait(false);
            if (!isWhole) return new(row, judgements);
        }
        catch (CallFailedException error)
        {
            MakingCounts.Add(counts.Failures, error.Message);
            return new(row);
        }
        AnnotationRecord[] records = [.. judgements.Records(question.Id, settings.Model.Name, null, null)];
        if (judgements.Settle((question.First, ""), (question.Second, ""), settings.Agreement) is not { } settled)
            return new(row, judgements, IsContested: true) { Records = records };
        DatasetRow labelled = row.Relabelled(settled.MoreHelpful, settled.Safer, (settled.First.HarmlessRate, settled.First.HelpfulRate),
            (settled.Second.HarmlessRate, settled.Second.HelpfulRate));
        return new(row, judgements, labelled) { Records = records };
    }

    private string IdentityOf(long? limit)
    {
        string root = Path.GetFullPath(data.Path);
        JsonArray files = [.. data.Parts.SelectMany(part =>
            part.Files.Select(file =>
                (JsonNode)$"{part.Config}/{part.Split}/{Path.GetRelativePath(root, Path.GetFullPath(file))} "
                    + $"{FileSize.Of(file)} {data.CountRowsOfFile(file)}"))];
        JsonObject identity = new() { ["judge"] = JudgeIdentity(settings), ["files"] = files, ["limit"] = limit, ["shard"] = shardPairs };
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(identity.ToJsonString())));
    }

    /// <summary>All that decides a label, of the settings.</summary>
    public static JsonObject JudgeIdentity(JudgingSettings settings) => new()
    {
        ["model"] = settings.Model.Model,
        ["endpoint"] = settings.Model.Endpoint.Address.ToString(),
        ["temperature"] = settings.Model.Temperature,
        ["max_tokens"] = settings.Model.MaxTokens,
        ["json"] = settings.Model.Json.ToString(),
        ["name"] = settings.Model.Name,
        ["seed"] = settings.Seed,
        ["repeats"] = settings.Repeats,
        ["swap"] = settings.Swap,
        ["agreement"] = settings.Agreement,
        ["reasks"] = settings.Reasks,
        ["rubric"] = ChatPairwiseJudge.TextOf(new("", null, "", "", "")),
    };

    private sealed record Judged(DatasetRow Row, PairJudgements? Judgements = null, DatasetRow? Labelled = null, bool IsContested = false,
        string? LeftOut = null)
    {
        public IReadOnlyList<AnnotationRecord> Records { get; init; } = [];
    }
}
