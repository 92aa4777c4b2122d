using System.CommandLine;
using SafeRlhfV.Data;
using SafeRlhfV.Deduplication;

namespace SafeRlhfV.Cli;

/// <summary><c>data dedupe</c>: leaks between splits, then duplicates; <c>--out</c> writes a copy without them.</summary>
internal static class DataDedupeVerb
{
    private const int MostShown = 20;

    public static Command Create()
    {
        Argument<string> path = DataArguments.Path();
        Option<string?> folder = new("--out") { Description = "Write a copy without leaking train rows and repeated rows to this folder." };
        Option<int> threshold = DataArguments.Threshold();
        Option<bool> near = new("--drop-near") { Description = "Also leave out train rows whose image looks like one held out." };
        Option<string> memory = new("--memory")
        {
            Description = "Memory for sorting fingerprints; what does not fit goes to --scratch.",
            DefaultValueFactory = _ => "600MB",
        };
        Option<string?> scratch = new("--scratch")
        {
            Description = "A folder for fingerprints while it works, about 1 KB an image; the system's folder of temporary files where it is left out.",
        };
        Option<bool> overwrite = DataArguments.Overwrite(), json = Output.JsonOption();
        Command command = new("dedupe", "Find leaks and duplicates. Example: safe-rlhf-v data dedupe data/beavertails-v --out data/unique")
        {
            path, folder, threshold, near, memory, scratch, overwrite, json,
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            foreach (Option<bool> ofCopy in (Option<bool>[])[near, overwrite])
                if (parsed.GetValue(ofCopy) && parsed.GetValue(folder) is null)
                    throw new InvalidInputException($"{ofCopy.Name} is for the copy that is written; name its folder with --out.");
            DataArguments.CheckThreshold(parsed.GetValue(threshold));
            PreferenceDataset data = DataArguments.Open(parsed.GetRequiredValue(path));
            ProgressView progress = new("dedupe");
            DeduplicationOptions options = new()
            {
                Threshold = parsed.GetValue(threshold),
                Folder = parsed.GetValue(folder),
                DropNear = parsed.GetValue(near),
                Overwrite = parsed.GetValue(overwrite),
                Memory = Memory(parsed.GetRequiredValue(memory)),
                Scratch = parsed.GetValue(scratch),
            };
            DeduplicationReport report = DatasetDeduplicator.Run(data, options, DataArguments.Progress(progress, data.CountRows()), cancellationToken);
            progress.Done(DataArguments.Count(report.Rows, "row"));
            if (parsed.GetValue(json)) Output.Json(Shape(report, parsed.GetValue(folder)));
            else Print(report, parsed.GetValue(folder));
            return Task.FromResult(0);
        });
        return command;
    }

    private static long Memory(string text) => CheckpointArguments.Bytes("--memory", text) is var bytes and >= DeduplicationOptions.LeastMemory
        ? bytes
        : throw new InvalidInputException($"--memory {text}: give at least {DeduplicationOptions.LeastMemory >> 20}MiB.");

    private static object Shape(DeduplicationReport report, string? folder) => new
    {
        report.Rows,
        UnreadableImages = report.Unreadable.Select(row => $"{row}"),
        ExactLeaks = report.ExactLeaks.Select(leak => new { Train = $"{leak.Train}", Held = $"{leak.Held}" }),
        NearLeaks = report.NearLeaks.Select(leak => new { Train = $"{leak.Train}", Held = $"{leak.Held}", leak.Bits }),
        EqualRows = Names(report.EqualRows),
        EqualPixels = Names(report.EqualPixels),
        NearImages = report.NearImages.Select(pair => new { First = $"{pair.First}", Second = $"{pair.Second}", pair.Bits }),
        EqualWords = Names(report.EqualWords),
        Dropped = report.Dropped.Select(row => $"{row}"),
        Folder = folder is null ? null : Path.GetFullPath(folder),
    };

    private static IEnumerable<IEnumerable<string>> Names(IEnumerable<IReadOnlyList<RowPosition>> groups) =>
        groups.Select(group => group.Select(row => $"{row}"));

    private static void Print(DeduplicationReport report, string? folder)
    {
        if (report.Unreadable.Count > 0)
            Section("rows with an image that cannot be decoded, of which only bytes and words are compared", [.. report.Unreadable.Select(row => $"{row}")]);
        Section("leaks: train rows with the pixels of a row held out", [.. report.ExactLeaks.Select(leak => $"{leak.Train} = {leak.Held}")]);
        Section("near leaks: train rows that look like a row held out",
            [.. report.NearLeaks.Select(leak => $"{leak.Train} ~ {leak.Held} ({leak.Bits} of 64 bits)")]);
        Section("equal rows", [.. report.EqualRows.Select(group => string.Join(" = ", group))]);
        Section("equal pixels within a split", [.. report.EqualPixels.Select(group => string.Join(" = ", group))]);
        Section("images that look the same within a split", [.. report.NearImages.Select(pair => $"{pair.First} ~ {pair.Second} ({pair.Bits} of 64 bits)")]);
        Section("equal words", [.. report.EqualWords.Select(group => string.Join(" = ", group))]);
        if (folder is not null) Output.Line($"{folder}: {report.Rows - report.Dropped.Count} of {DataArguments.Count(report.Rows, "row")}");
    }

    private static void Section(string title, string[] lines)
    {
        Output.Line($"{title}: {lines.Length}");
        foreach (string line in lines.Take(MostShown)) Output.Line($"  {line}");
        if (lines.Length > MostShown) Output.Line($"  ... and {lines.Length - MostShown} more (--json lists all)");
    }
}
