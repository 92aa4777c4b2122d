using System.Buffers;
using System.Text;
using System.Text.Json;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Audit;

/// <summary>Writes a report as the JSON that is chained, and gathers the contents that are kept beside it.</summary>
internal sealed class AuditPayload(AuditSettings settings, AuditChain chain)
{
    /// <summary>Fingerprint, kind (text or image) and bytes of what is kept; null where nothing is.</summary>
    public Dictionary<string, (string Kind, byte[] Bytes)>? Contents { get; private set; }

    /// <summary>The members of a prompt's record but for its number and time, which are known only when it is written.</summary>
    public byte[] OfPrompt(GuardReport report) => Write(writer => WritePrompt(writer, report));

    /// <summary>The members of an end's record.</summary>
    /// <param name="report">The report.</param>
    /// <param name="prompt">The record of the prompt, where it says the same of it: its words are taken over. Null where there is none.</param>
    public byte[] OfEnd(GuardReport report, AuditEntry? prompt)
    {
        if (prompt is null)
        {
            return Write(writer =>
            {
                WritePrompt(writer, report);
                WriteEnd(writer, report);
            });
        }
        if (prompt.Contents is { } kept) Contents = new(kept);
        byte[] end = Write(writer => WriteEnd(writer, report)), before = prompt.Members;
        return [.. before.AsSpan(0, before.Length - 1), (byte)',', .. end.AsSpan(1)]; // both are objects of several members
    }

    private void WritePrompt(Utf8JsonWriter writer, GuardReport report)
    {
        writer.WriteString("user", report.Context.User);
        writer.WriteString("role", report.Context.Role);
        writer.WriteString("route", report.Context.Route);
        if (report.Context.EndUser is { } endUser) writer.WriteString("endUser", endUser);
        writer.WriteString("policy", report.PolicyVersion);
        writer.WriteString("received", Iso(report.Received));
        writer.WriteStartObject("prompt");
        WriteText(writer, report.Prompt.Question);
        writer.WriteStartArray("images");
        foreach (ModerationImage image in report.Prompt.Images) writer.WriteStringValue(Keep(image));
        writer.WriteEndArray();
        if (settings.Images == ContentKeeping.Keep && Contents is { Count: > 0 } images && report.Prompt.Images.Count > 0)
        {
            writer.WriteStartArray("imagesKept");
            foreach ((string name, (string contentKind, _)) in images)
                if (contentKind == "image") writer.WriteStringValue(name);
            writer.WriteEndArray();
        }
        if (report.Judged is { } judged)
        {
            writer.WriteStartObject("judged");
            WriteText(writer, judged.Question);
            writer.WriteEndObject();
        }
        if (report.Redacted.Count > 0)
        {
            writer.WriteStartObject("redacted");
            foreach ((string redacted, int count) in report.Redacted.OrderBy(pair => pair.Key, StringComparer.Ordinal)) writer.WriteNumber(redacted, count);
            writer.WriteEndObject();
        }
        if (report.PromptDecision is { } prompt) WriteDecision(writer, prompt);
        writer.WriteEndObject();
    }

    private void WriteEnd(Utf8JsonWriter writer, GuardReport report)
    {
        writer.WriteString("outcome", report.Outcome?.ToString());
        writer.WriteStartArray("rounds");
        foreach (RegenerationRound round in report.Rounds)
        {
            writer.WriteStartObject();
            writer.WriteNumber("round", round.Round);
            WriteText(writer, round.Answer);
            WriteDecision(writer, round.Decision);
            writer.WriteNumber("generationMs", Math.Round(round.GenerationTime.TotalMilliseconds, 3));
            writer.WriteNumber("moderationMs", Math.Round(round.ModerationTime.TotalMilliseconds, 3));
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteString("refusal", report.Refusal);
        writer.WriteString("notice", report.Notice);
        writer.WriteNumber("durationMs", Math.Round(report.Duration.TotalMilliseconds, 3));
        writer.WriteNumber("moderationMs", Math.Round(report.ModerationTime.TotalMilliseconds, 3));
        if (report.Context.Facts is not { } facts) return;
        writer.WriteStartObject("call");
        WriteMembers(writer, facts(), chain.Fingerprint);
        writer.WriteEndObject();
    }

    /// <summary>The members of a person's review of a decision.</summary>
    public byte[] OfReview(string reviewer, bool isUnsafe, string? category, string? note) => Write(writer =>
    {
        writer.WriteString("reviewer", reviewer);
        writer.WriteBoolean("unsafe", isUnsafe);
        writer.WriteString("category", category);
        writer.WriteString("note", note);
    });

    /// <summary>The members of a record of what happened beside the requests.</summary>
    public static byte[] OfEvent(IReadOnlyList<KeyValuePair<string, object?>> members) => Write(writer => WriteMembers(writer, members));

    private static void WriteMembers(Utf8JsonWriter writer, IReadOnlyList<KeyValuePair<string, object?>> members, Func<string, string>? fingerprint = null)
    {
        foreach ((string name, object? value) in members)
        {
            writer.WritePropertyName(name);
            switch (value)
            {
                case null: writer.WriteNullValue(); break;
                case bool flag: writer.WriteBooleanValue(flag); break;
                case long number: writer.WriteNumberValue(number); break;
                case int number: writer.WriteNumberValue(number); break;
                case double number: writer.WriteNumberValue(number); break;
                case System.Text.Json.Nodes.JsonNode node: node.WriteTo(writer); break;
                case UnstoredText text when fingerprint is not null: writer.WriteStringValue(fingerprint(text.Text)); break;
                case UnstoredText: throw new ArgumentException("An event has no fingerprints.", nameof(members));
                default: writer.WriteStringValue(value.ToString()); break;
            }
        }
    }

    /// <summary>The members of the first record after some could not be written.</summary>
    public static byte[] OfResumption(long refused) => Write(writer => writer.WriteNumber("refused", refused));

    /// <summary>The members of an anchor: the sealed head of a chain.</summary>
    public static byte[] OfHead(AuditMark head, string seal) => Write(writer =>
    {
        writer.WriteStartObject("head");
        writer.WriteNumber("sequence", head.Sequence);
        writer.WriteString("hash", head.Hash);
        writer.WriteString("seal", seal);
        writer.WriteEndObject();
    });

    /// <summary>The whole record: number, kind, request, time and chain before the other members.</summary>
    public static byte[] Complete(long sequence, AuditEntry entry, string at)
    {
        (ArrayBufferWriter<byte> buffer, Utf8JsonWriter writer) = JsonScratch.Begin();
        writer.WriteStartObject();
        writer.WriteNumber("sequence", sequence);
        writer.WriteString("kind", entry.Kind);
        writer.WriteString("request", entry.Request);
        writer.WriteString("at", at);
        if (entry.Chain != AuditChains.Main) writer.WriteString("chain", entry.Chain); // a main chain stays what it was before there were others
        writer.Flush();
        if (entry.Members.Length > 2) buffer.Write(","u8); // more than {}
        buffer.Write(entry.Members.AsSpan(1));
        return buffer.WrittenSpan.ToArray();
    }

    public static string Iso(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'");

    private void WriteText(Utf8JsonWriter writer, string text)
    {
        writer.WriteString("text", chain.Fingerprint(text));
        writer.WriteNumber("length", text.Length);
        if (settings.Texts == ContentKeeping.Hash || text.Length == 0) return;
        byte[] kept = Encoding.UTF8.GetBytes(settings.Texts == ContentKeeping.Keep ? text : Redaction.Of(text));
        string name = chain.Fingerprint(kept);
        (Contents ??= [])[name] = ("text", kept);
        writer.WriteString("kept", name);
    }

    private string Keep(ModerationImage image)
    {
        if (!ImageBytes.TryGet(image, out byte[]? bytes, out _)) return chain.Fingerprint(image.Address?.ToString() ?? image.Encoded?.Path ?? "");
        string name = chain.Fingerprint(bytes);
        if (settings.Images == ContentKeeping.Keep) (Contents ??= [])[name] = ("image", bytes);
        return name;
    }

    private static void WriteDecision(Utf8JsonWriter writer, GuardDecision decision)
    {
        Verdict verdict = decision.Verdict;
        writer.WriteString("action", decision.Action.ToString());
        writer.WriteStartArray("decidedBy");
        foreach (string category in decision.DecidedBy) writer.WriteStringValue(category);
        writer.WriteEndArray();
        if (decision.IsAskedFor) writer.WriteBoolean("asked", true);
        writer.WriteStartObject("verdict");
        writer.WriteBoolean("unsafe", verdict.IsUnsafe);
        writer.WriteNumber("score", Math.Round(verdict.Score, 6));
        writer.WriteString("severity", verdict.Severity.ToString());
        writer.WriteStartArray("flagged");
        foreach (string category in verdict.Flagged) writer.WriteStringValue(category);
        writer.WriteEndArray();
        writer.WriteStartObject("categories");
        foreach ((string category, double value) in verdict.Categories) writer.WriteNumber(category, Math.Round(value, 6));
        writer.WriteEndObject();
        writer.WriteString("moderator", verdict.Moderator);
        if (verdict.Failure is not null) writer.WriteString("failure", verdict.Failure);
        if (verdict.IsUnreadable) writer.WriteString("unreadable", verdict.Reason);
        writer.WriteEndObject();
    }

    private static byte[] Write(Action<Utf8JsonWriter> members)
    {
        (ArrayBufferWriter<byte> buffer, Utf8JsonWriter writer) = JsonScratch.Begin();
        writer.WriteStartObject();
        members(writer);
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}
