using System.Text.Json.Nodes;

namespace SafeRlhfV.Cli;

/// <summary>Figures of agreement as lines for people.</summary>
internal static class AgreementLines
{
    public static IEnumerable<string> Of(JsonObject agreement)
    {
        if (agreement["items_with_several"]!.GetValue<int>() == 0) yield break;
        yield return $"agreement of {agreement["annotators"]!.AsObject().Count} annotators "
            + $"on {agreement["items_with_several"]} pairs that several of them saw:";
        foreach ((string name, JsonNode? figures) in agreement["labels"]!.AsObject())
        {
            string kappas = string.Join(", ", figures!["kappa"]!.AsArray().Select(pair => $"{pair!["first"]} / {pair["second"]} {Number(pair["kappa"])}"));
            yield return $"  {name,-15} equal {Number(figures["equal"])}, Krippendorff's alpha "
                + $"{Number(figures["alpha"])} ({figures["metric"]}){(kappas.Length > 0 ? $", Cohen's kappa {kappas}" : "")}";
        }
    }

    private static string Number(JsonNode? value) => value is null
        ? "–"
        : value.GetValue<double>().ToString("0.000", System.Globalization.CultureInfo.InvariantCulture);
}
