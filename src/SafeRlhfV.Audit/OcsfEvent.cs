using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SafeRlhfV.Audit;

/// <summary>
/// A record as an OCSF 1.3 event: what a guard found unsafe is a Detection Finding (2004), a sign-in Authentication (3002), everything else API
/// Activity (6003). What the schema has no place for stands under <c>unmapped</c>.
/// </summary>
internal static class OcsfEvent
{
    public static string Of(AuditRecord record)
    {
        JsonObject payload = record.ReadPayload() ?? [];
        (JsonObject? verdict, string side) = Worst(payload);
        int type = record.Kind is "login" or "denied" or "logout" ? 3002 : verdict is null ? 6003 : 2004;
        JsonObject made = new()
        {
            ["class_uid"] = type,
            ["class_name"] = type switch { 3002 => "Authentication", 2004 => "Detection Finding", _ => "API Activity" },
            ["category_uid"] = type / 1000,
            ["activity_id"] = type == 6003 ? 99 : 1,
            ["type_uid"] = (type * 100) + (type == 6003 ? 99 : 1),
            ["activity_name"] = record.Kind,
            ["time"] = DateTimeOffset.TryParse(record.At, CultureInfo.InvariantCulture, out DateTimeOffset at) ? at.ToUnixTimeMilliseconds() : 0,
            ["severity_id"] = Text(verdict?["severity"]) switch { "Minor" => 2, "Moderate" => 3, "Severe" => 5, _ => 1 },
            ["status_id"] = record.Kind == "denied" || Text(payload["outcome"]) is "ModelFailed" or "Abandoned" ? 2 : 1,
            ["status_detail"] = Text(payload["outcome"]),
            ["actor"] = new JsonObject { ["user"] = new JsonObject { ["name"] = Text(payload["user"] ?? payload["by"] ?? payload["reviewer"]) } },
            ["metadata"] = new JsonObject
            {
                ["version"] = "1.3.0",
                ["product"] = new JsonObject { ["name"] = "safe-rlhf-v", ["vendor_name"] = "SafeRlhfV" },
                ["uid"] = $"{record.Chain}:{record.Sequence}",
                ["correlation_uid"] = record.Request,
                ["log_name"] = record.Chain,
                ["sequence"] = record.Sequence,
            },
        };
        if (type == 6003) made["api"] = new JsonObject { ["operation"] = Text(payload["route"]) is { Length: > 0 } route ? route : record.Kind };
        if (verdict is not null)
        {
            made["finding_info"] = new JsonObject
            {
                ["uid"] = record.Request,
                ["title"] = $"Unsafe {side}",
                ["types"] = verdict["flagged"]?.DeepClone(),
                ["analytic"] = new JsonObject { ["name"] = Text(verdict["moderator"]), ["type_id"] = 4 },
            };
            made["confidence_score"] = (int)Math.Round(100 * Number(verdict["score"]));
            made["disposition"] = Text(payload["outcome"]) == "Passed" ? "Allowed" : "Blocked";
        }
        made["unmapped"] = payload;
        return made.ToJsonString() + "\n";
    }

    private static (JsonObject? Verdict, string Side) Worst(JsonObject payload)
    {
        List<(JsonObject, string)> found = [];
        if ((payload["prompt"] as JsonObject)?["verdict"] is JsonObject prompt) found.Add((prompt, "prompt"));
        foreach (JsonNode? round in payload["rounds"] as JsonArray ?? [])
            if ((round as JsonObject)?["verdict"] is JsonObject answer) found.Add((answer, "answer"));
        return found.Where(one => one.Item1["unsafe"]?.GetValueKind() == JsonValueKind.True)
            .OrderByDescending(one => Number(one.Item1["score"])).FirstOrDefault();
    }

    private static double Number(JsonNode? node) => node is JsonValue value && value.TryGetValue(out double number) ? number : 0;

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
