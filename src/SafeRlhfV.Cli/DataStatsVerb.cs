using System.CommandLine;
using System.Text.Json.Nodes;
using SafeRlhfV.Data;
using SafeRlhfV.Evaluation;
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
        Command command = new("stats", "Describe a data set in numbers. Example: safe-rlhf-v data stats data/beavertails-v --html stats.html") { path, html,
            json };
        command.SetAction((parsed, cancellationToken) =>
        {
            PreferenceDataset data = DataArguments.Open(parsed.GetRequiredValue(path));
            ProgressView progress = new("stats");
            JsonObject statistics = DatasetStatistics.Describe(data, DataArguments.Progress(progress, data.CountRows()), cancellationToken);
            progress.Done($"{DataArguments.Count(data.CountRows(), "row")}");
            if (parsed.GetValue(html) is { } page) StatisticsPage.Write(page, data.Path, statistics);
            if (parsed.GetValue(json)) Output.Json(statistics);
            else Print(data, statistics, parsed.GetValue(html));
            return Task.FromResult(0);
        });
        return command;
    }

    private static readonly (string Key, string Name)[] Counted =
    [
        ("image_severity", "image severity"), ("label_balance", "answers"), ("harmless_rate", "harmless rate"), ("helpful_rate", "helpful rate"),
        ("safe_label_vs_rate", "safe label and rate"),
        ("helpful_preference_vs_rates", "more helpful answer's rate"), ("safer_preference_vs_rates", "safer answer's rate"), ("generators", "answers by"),
    ];

    private static string Word(string key, string word) => (key, word) switch
    {
        ("label_balance", "yes") => "safe",
        ("label_balance", "no") => "unsafe",
        ("generators", _) => word,
        _ => word.Replace('_', ' '),
    };

    private static void Print(PreferenceDataset data, JsonObject statistics, string? page)
    {
        JsonObject overall = statistics["overall"]!.AsObject();
        Output.Line($"{data.Path}: {overall["rows"]} rows, {overall["responses"]} answers, {statistics["duplicates"]!["distinct_images"]} distinct images, "
            + $"{statistics["duplicates"]!["distinct_questions"]} distinct questions");
        Table table = new Table().Border(TableBorder.Rounded).AddColumn("what").AddColumn("how many");
        foreach ((string key, string name) in Counted)
            if (overall[key] is JsonObject counts)
                table.AddRow(name, Markup.Escape(Output.Foreign(string.Join(" · ",
                    counts.Where(pair => pair.Value is JsonValue && pair.Key != "yes_fraction").Select(pair => $"{Word(key, pair.Key)}: {pair.Value}")))));
        Output.People.Write(table);
        Output.Line($"rows that repeat another: {statistics["duplicates"]!["duplicate_rows"]!["rows_beyond_first"]}; train rows with an image of the "
            + $"evaluation split: {statistics["leaks"]!["train_rows"]}");
        if (statistics["agreement"] is JsonObject agreement)
            foreach (string line in AgreementLines.Of(agreement)) Output.Line(line);
        if (page is not null) Output.Line(page);
    }
}
