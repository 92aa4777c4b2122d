using System.CommandLine;
using SafeRlhfV.Data;

namespace SafeRlhfV.Cli;

/// <summary><c>data split</c>: new splits, no image in two of them.</summary>
internal static class DataSplitVerb
{
    public static Command Create()
    {
        Argument<string> path = DataArguments.Path();
        Option<string> folder = DataArguments.Out();
        Option<string> shares = new("--shares")
        {
            Description = "The splits and their shares, which sum to 1.",
            DefaultValueFactory = _ => "train=0.9,evaluation=0.1"
        };
        Option<long> seed = new("--seed") { Description = "The same seed gives the same split on every machine.", DefaultValueFactory = _ => 0 };
        Option<int> threshold = DataArguments.Threshold();
        Option<bool> overwrite = DataArguments.Overwrite(), json = Output.JsonOption();
        Command command = new("split",
            "Split a data set by image, stratified by category and severity. Example: safe-rlhf-v data split data/mine --shares train=0.9,evaluation=0.1 "
                + "--out data/split")
        {
            path, folder, shares, seed, threshold, overwrite, json,
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            DataArguments.CheckThreshold(parsed.GetValue(threshold));
            (string Split, double Share)[] splits = Parse(parsed.GetRequiredValue(shares));
            PreferenceDataset data = DataArguments.Open(parsed.GetRequiredValue(path));
            ProgressView progress = new("split");
            SplitReport report = DatasetSplitter.Split(data, parsed.GetRequiredValue(folder), splits, parsed.GetValue(seed), parsed.GetValue(threshold),
                parsed.GetValue(overwrite),
                DataArguments.Progress(progress, data.CountRows()), cancellationToken);
            progress.Done(DataArguments.Count(data.CountRows(), "row"));
            foreach ((string split, double share) in splits.Where(one => report.Rows[one.Split] == 0))
                Output.Note($"warning: {split} has no row: its share is {share * data.CountRows():0.##} of {DataArguments.Count(data.CountRows(), "row")}, "
                    + "and same or similar images stay together; give it a larger share.");
            if (parsed.GetValue(json)) Output.Json(new
            {
                Folder = Path.GetFullPath(parsed.GetRequiredValue(folder)),
                report.Rows,
                report.Shares,
                report.LargestGroup
            });
            else
                Output.Line($"{parsed.GetRequiredValue(folder)}: "
                    + $"{string.Join(", ", report.Rows.Select(pair => $"{pair.Value} {pair.Key} ({100 * report.Shares[pair.Key]:0.0} %)"))}; "
                + $"the largest group of same or similar images has {DataArguments.Count(report.LargestGroup, "row")}");
            return Task.FromResult(0);
        });
        return command;
    }

    /// <summary>Reads shares of the form split=share,split=share.</summary>
    /// <exception cref="InvalidInputException">They are not of this form.</exception>
    public static (string Split, double Share)[] Parse(string shares) => [.. shares.Split(',', StringSplitOptions.TrimEntries).Select(part =>
    {
        string[] sides = part.Split('=', StringSplitOptions.TrimEntries);
        return sides.Length == 2 && double.TryParse(sides[1], out double share) ? (sides[0], share)
            : throw new InvalidInputException($"--shares {shares}: '{part}' is not of the form split=share, for example train=0.9.");
    })];
}
