using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SafeRlhfV.Annotation;

/// <summary>A report as the JSON of making.json.</summary>
internal static class MakingReportJson
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    // without the folder: a data set does not say where it was written
    public static string Write(MakingReport report) => JsonSerializer.Serialize(report with { Folder = null }, Json);
}
