using System.Text;
using System.Text.Json.Nodes;
using SafeRlhfV.Audit;

namespace SafeRlhfV.Gateway;

/// <summary>What the dashboard shows, gathered from the latest records of the audit trail.</summary>
internal sealed class DashboardData(AuditReader reader, TimeProvider clock)
{
    private const int Records = 4000, QueueLength = 50, Minutes = 60;

    public async Task<JsonObject> ReadAsync(CancellationToken cancellationToken)
    {
        JsonObject[] records = [.. (await reader.LatestAsync(Records, cancellationToken)).Select(record => record.ReadPayload()).OfType<JsonObject>()];
        JsonObject[] ended = [.. records.Where(record => Text(record["kind"]) == "end")];
        Dictionary<string, JsonObject> reviews = [];
        // the newest stands first
        foreach (JsonObject review in records.Where(record => Text(record["kind"]) == "review")) reviews.TryAdd(Text(review["request"]), review);
        JsonObject[] judged = [.. ended.Where(record => Verdicts(record).Any())];
        JsonArray queue = [];
        foreach (JsonObject record in judged.Where(record => !reviews.ContainsKey(Text(record["request"])) && Verdicts(record).Any(IsUnsafe)).Take(QueueLength))
            queue.Add(await EntryAsync(record, cancellationToken));
        return new()
        {
            ["records"] = ended.Length,
            ["minutes"] = await PerMinuteAsync(cancellationToken),
            ["outcomes"] = Count(ended.Select(record => Text(record["outcome"]))),
            ["rounds"] = Count(ended.Where(record => Text(record["outcome"]) is "Passed" or "AnswerRefused")
                .Select(record => $"{record["rounds"]!.AsArray().Count}")),
            ["flagged"] = Flagged(judged),
            ["latency"] = Latency(ended),
            ["categories"] = new JsonArray([.. Taxonomy.Categories.Select(name => (JsonNode)name)]),
            ["labelled"] = new JsonArray([.. judged.Where(record => reviews.ContainsKey(Text(record["request"]))).Select(record => (JsonNode)new JsonObject
            {
                ["score"] = Highest(record)["score"]!.GetValue<double>(),
                ["unsafe"] = reviews[Text(record["request"])]["unsafe"]!.GetValue<bool>(),
            })]),
            ["queue"] = queue,
        };
    }

    /// <summary>Reviewed rows in the flat layout that the guard is trained on; those whose texts were not kept are left out.</summary>
    public async Task<string> ExportAsync(CancellationToken cancellationToken)
    {
        JsonObject[] records = [.. (await reader.LatestAsync(int.MaxValue, cancellationToken)).Select(record => record.ReadPayload()).OfType<JsonObject>()];
        Dictionary<string, JsonObject> reviews = [];
        foreach (JsonObject review in records.Where(record => Text(record["kind"]) == "review")) reviews.TryAdd(Text(review["request"]), review);
        StringBuilder lines = new();
        foreach (JsonObject record in records.Where(record => Text(record["kind"]) == "end" && reviews.ContainsKey(Text(record["request"]))))
        {
            JsonObject review = reviews[Text(record["request"])], entry = await EntryAsync(record, cancellationToken);
            if (entry["question"] is null) continue;
            string? image = entry["images"]!.AsArray().FirstOrDefault() is { } name
                ? Convert.ToBase64String(await reader.ContentAsync(Text(name), cancellationToken) ?? []) : null;
            lines.Append(new JsonObject
            {
                ["question"] = Text(entry["question"]),
                ["image"] = image,
                ["category"] = Text(review["category"]) is { Length: > 0 } chosen ? chosen : entry["flagged"]!.AsArray().Select(Text).FirstOrDefault() ?? "",
                ["response"] = Text(entry["answer"]),
                ["is_response_safe"] = review["unsafe"]!.GetValue<bool>() ? "no" : "yes",
            }.ToJsonString()).Append('\n');
        }
        return lines.ToString();
    }

    private async Task<JsonObject> EntryAsync(JsonObject record, CancellationToken cancellationToken)
    {
        JsonObject verdict = Highest(record);
        JsonObject? answer = record["rounds"]!.AsArray().LastOrDefault(round => IsUnsafe(round!["verdict"]!.AsObject()))?.AsObject();
        return new()
        {
            ["request"] = Text(record["request"]),
            ["at"] = Text(record["at"]),
            ["user"] = Text(record["user"]),
            ["outcome"] = Text(record["outcome"]),
            ["score"] = verdict["score"]!.DeepClone(),
            ["severity"] = Text(verdict["severity"]),
            ["flagged"] = verdict["flagged"]!.DeepClone(),
            ["failure"] = verdict["failure"]?.DeepClone(),
            ["question"] = await KeptAsync(answer is null ? record["prompt"]!["judged"] ?? record["prompt"] : record["prompt"], cancellationToken),
            ["answer"] = await KeptAsync(answer, cancellationToken),
            ["images"] = record["prompt"]!["images"]!.DeepClone(),
        };
    }

    private async Task<string?> KeptAsync(JsonNode? part, CancellationToken cancellationToken) =>
        part?["kept"] is { } name && await reader.ContentAsync(Text(name), cancellationToken) is { } bytes ? Encoding.UTF8.GetString(bytes) : null;

    // The last hour is counted whole, however many requests it had.
    private async Task<JsonArray> PerMinuteAsync(CancellationToken cancellationToken)
    {
        long first = (clock.GetUtcNow().Ticks / TimeSpan.TicksPerMinute) - Minutes + 1;
        long[] passed = new long[Minutes], refused = new long[Minutes];
        DateTimeOffset since = new(first * TimeSpan.TicksPerMinute, TimeSpan.Zero);
        foreach ((DateTimeOffset at, string outcome, long count) in await reader.PerMinuteAsync(since, cancellationToken))
        {
            long minute = (at.UtcTicks / TimeSpan.TicksPerMinute) - first;
            if (minute is >= 0 and < Minutes) (outcome == "Passed" ? passed : refused)[minute] += count;
        }
        return new([.. passed.Zip(refused, (yes, no) => (JsonNode)new JsonArray(yes, no))]);
    }

    private static JsonObject Latency(JsonObject[] ended)
    {
        double[] total = [.. ended.Select(record => record["durationMs"]!.GetValue<double>()).Order()],
            guard = [.. ended.Select(record => record["moderationMs"]!.GetValue<double>()).Order()];
        return new() { ["p50"] = At(total, 50), ["p99"] = At(total, 99), ["guardP50"] = At(guard, 50), ["guardP99"] = At(guard, 99) };

        static double At(double[] sorted, int percent) => sorted.Length == 0 ? 0 : sorted[Math.Min(sorted.Length - 1, sorted.Length * percent / 100)];
    }

    private static JsonObject Flagged(JsonObject[] judged)
    {
        JsonObject byCategory = [];
        foreach (JsonObject verdict in judged.SelectMany(Verdicts).Where(IsUnsafe))
        {
            string[] names = [.. verdict["flagged"]!.AsArray().Select(Text)];
            foreach (string name in names.Length > 0 ? names : [verdict["failure"] is null ? "(none)" : "(moderator failed)"])
            {
                JsonObject row = byCategory[name]?.AsObject() ?? [];
                byCategory[name] ??= row;
                string severity = Text(verdict["severity"]);
                row[severity] = (row[severity]?.GetValue<int>() ?? 0) + 1;
            }
        }
        return byCategory;
    }

    private static JsonObject Count(IEnumerable<string> names) =>
        new(names.CountBy(name => name).OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));

    private static IEnumerable<JsonObject> Verdicts(JsonObject record) =>
        record["rounds"]!.AsArray().Select(round => round!["verdict"]).Append(record["prompt"]!["verdict"]).OfType<JsonObject>();

    private static JsonObject Highest(JsonObject record) => Verdicts(record).MaxBy(verdict => verdict["score"]!.GetValue<double>())!;

    private static bool IsUnsafe(JsonObject verdict) => verdict["unsafe"]!.GetValue<bool>();

    private static string Text(JsonNode? node) => node?.GetValue<string>() ?? "";
}
