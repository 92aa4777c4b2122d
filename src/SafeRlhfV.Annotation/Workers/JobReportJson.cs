using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SafeRlhfV.Annotation;

/// <summary>A report as the JSON of making.json and labelling.json.</summary>
internal static class JobReportJson
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public static string Write(JobReport report) => JsonSerializer.Serialize(report, report.GetType(), Json) + "\n";
}
