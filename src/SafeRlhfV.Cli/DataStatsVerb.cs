using System.CommandLine;
using System.Text.Json.Nodes;
using SafeRlhfV.Data;
using Spectre.Console;

namespace SafeRlhfV.Cli;

/// <summary><c>data stats</c>: a data set in numbers; <c>--html</c> with charts.</summary>
internal static class DataStatsVerb
{
    public static Command Create()
    {
        Argument<string> path = DataArguments.Path();
        Option<string?> html = new("--html") { Description = "Write a page with charts to this file." };
        Option<bool> json = Output.JsonOption();
        Command command = new("stats", "Describe a data set in numbers. Example: safe-rlhf-v data stats data/beavertails-v --html stats.html") { path, html, json };
        command.SetAction((parsed, cancel) =>
        {
            PreferenceDataset data = PreferenceDataset.Open(parsed.GetRequiredValue(path));
            ProgressView progress = new("stats");
            JsonObject statistics = DatasetStatistics.Describe(data, DataArguments.Progress(progress, data.CountRows()), cancel);
            progress.Done($"{data.CountRows()} rows");
            if (parsed.GetValue(html) is { } page) DataArguments.WriteText(page, StatisticsPage.Write(data.Path, statistics));
            if (parsed.GetValue(json)) Output.Json(statistics);
            else Print(data, statistics, parsed.GetValue(html));
            return Task.FromResult(0);
        });
        return command;
    }

    private static void Print(PreferenceDataset data, JsonObject statistics, string? page)
    {
        JsonObject overall = statistics["overall"]!.AsObject();
        Output.Line($"{data.Path}: {overall["rows"]} rows, {overall["responses"]} answers, {statistics["duplicates"]!["distinct_images"]} distinct pictures, {statistics["duplicates"]!["distinct_questions"]} distinct questions");
        Table table = new Table().Border(TableBorder.Rounded).AddColumn("").AddColumn("");
        foreach (string key in (string[])["image_severity", "label_balance", "harmless_rate", "helpful_rate", "safe_label_vs_rate", "helpful_preference_vs_rates", "safer_preference_vs_rates", "generators"])
            if (overall[key] is JsonObject counts)
                table.AddRow(key, Markup.Escape(string.Join(" · ", counts.Where(pair => pair.Value is JsonValue).Select(pair => $"{pair.Key}: {pair.Value}"))));
        Output.People.Write(table);
        Output.Line($"rows that repeat another: {statistics["duplicates"]!["duplicate_rows"]!["rows_beyond_first"]}; train rows with a picture of the evaluation split: {statistics["leaks"]!["train_rows"]}");
        if (statistics["agreement"] is JsonObject agreement)
            foreach (string line in AgreementLines.Of(agreement)) Output.Line(line);
        if (page is not null) Output.Line(page);
    }
}
