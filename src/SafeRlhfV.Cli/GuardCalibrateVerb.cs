using System.CommandLine;
using System.Globalization;
using SafeRlhfV.Evaluation;
using SafeRlhfV.Guard;
using SafeRlhfV.Inference;
using SafeRlhfV.Models;

namespace SafeRlhfV.Cli;

/// <summary><c>guard calibrate</c>: temperatures, and thresholds that keep stated miss rates, written into the guard's folder.</summary>
internal static class GuardCalibrateVerb
{
    public static Command Create()
    {
        Argument<string> data = GuardData.Examples();
        Option<string> guard = new("--guard") { Description = "The guard's folder; its guard_config.json is written.", Required = true };
        Option<string[]> miss = new("--miss")
        {
            Description = "The largest share of unsafe examples that may be missed, such as 0.02, or of one severity, such as severe=0.01; may be given "
                + "several times, all are kept.",
            DefaultValueFactory = _ => ["0.02"],
            AllowMultipleArgumentsPerToken = true,
        };
        Option<double?> confidence = new("--confidence")
        {
            Description = "Keep them with this confidence, such as 0.95, instead of in expectation over calibration sets."
        };
        Option<string?> split = ModelArguments.Split();
        Option<string[]> categories = DataArguments.Categories();
        Option<int?> limit = new("--limit") { Description = "At most this many examples." };
        Option<bool> dryRun = new("--dry-run") { Description = "Only say what would be written." }, json = Output.JsonOption();
        Command command = new("calibrate",
            "Choose temperatures and thresholds on held-out examples. Example: safe-rlhf-v guard calibrate data/held-out --guard runs/guard --miss 0.02 "
                + "--miss severe=0.01 --confidence 0.95")
        {
            data, guard, miss, confidence, split, limit, categories, dryRun, json,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            MissTarget[] targets = [.. parsed.GetRequiredValue(miss).Select(Target)];
            double? level = parsed.GetValue(confidence);
            if (level is not (null or > 0 and < 1)) throw new InvalidInputException($"--confidence {level}: give a number between 0 and 1, such as 0.95.");
            string folder = ResultFolder.Find(parsed.GetRequiredValue(guard)), path = parsed.GetRequiredValue(data);
            IReadOnlyList<GuardExample> examples = GuardData.Read(path, parsed.GetValue(split), parsed.GetValue(limit), parsed.GetValue(categories));
            using LocalModerator moderator = LocalModerator.Load(folder);
            IReadOnlyList<float[]> outputs = await GuardData.InParts([.. examples.Select(example => example.Request)], "guard calibrate",
                part => moderator.OutputsAsync(part, cancellationToken));
            GuardCalibration found = GuardCalibration.Fit(examples, [.. outputs.Select(Logits)], targets, level);
            GuardConfig config = Apply(moderator.Config, found, path, targets, level);
            if (!parsed.GetValue(dryRun)) config.Save(folder);
            foreach (GuardSideCalibration side in found.Sides.Where(side => side.LabelsLookNoisy(targets))) Warn(side, examples);
            if (found.IsWorse)
                Output.Note("warning: the calibration error is larger with these temperatures than without "
                    + $"({found.Before.ExpectedError:0.0%} before, {found.After.ExpectedError:0.0%} after); "
                    + $"{DataArguments.Count(examples.Count, "example")} may be too few to choose them by: calibrate on more.");
            if (parsed.GetValue(json)) Output.Json(new
            {
                Guard = folder,
                Data = path,
                Written = !parsed.GetValue(dryRun),
                Calibration = found,
                Suspects = found.Sides.SelectMany(side => side.Suspects).Select(i => examples[i].Place)
            });
            else Print(found, config, parsed.GetValue(dryRun) ? null : Path.Combine(folder, GuardConfig.FileName));
            return 0;
        });
        return command;
    }

    private static GuardConfig Apply(GuardConfig config, GuardCalibration found, string path, MissTarget[] targets, double? level)
    {
        double Of(GuardSide side, double old) => found.Sides.FirstOrDefault(one => one.Side == side)?.Threshold.Threshold ?? old;
        string kept = string.Join(" and ",
            targets.Select(target => string.Create(CultureInfo.InvariantCulture,
                $"at most {100 * target.MissRate:0.####} % of {target.Severity?.ToString().ToLowerInvariant() ?? "unsafe"} examples missed")));
        return config with
        {
            Temperatures = new GuardTemperatures(found.VerdictTemperature, found.CategoryTemperature, found.SeverityTemperature),
            Cutoffs = config.Cutoffs with { Prompt = Of(GuardSide.Prompt, config.Cutoffs.Prompt), Answer = Of(GuardSide.Answer, config.Cutoffs.Answer) },
            Calibration = string.Create(CultureInfo.InvariantCulture,
                $"{kept}, {(level is null ? "in expectation" : $"with confidence {level}")}; "
                    + $"on {Path.GetFileName(Path.TrimEndingDirectorySeparator(path))}, {found.Sides.Sum(side => side.Rows)} examples"),
        };
    }

    private static GuardLogits Logits(float[] outputs) => new(
        outputs[GuardHeads.Verdict],
        [.. outputs.Skip(GuardHeads.FirstCategory).Take(GuardHeads.Categories.Count).Select(one => (double)one)],
        [.. outputs.Skip(GuardHeads.FirstSeverity).Select(one => (double)one)]);

    private static MissTarget Target(string text)
    {
        string[] parts = text.Split('=');
        Severity? severity = null;
        bool named = parts.Length == 1;
        if (parts.Length == 2 && Enum.TryParse(parts[0], ignoreCase: true, out Severity of) && of is Severity.Minor or Severity.Moderate or Severity.Severe
            && !int.TryParse(parts[0], out _)) (severity, named) = (of, true);
        if (!named || !double.TryParse(parts[^1], CultureInfo.InvariantCulture, out double rate) || rate is not (> 0 and < 1))
            throw new InvalidInputException($"--miss {text}: give a share between 0 and 1, such as 0.02, or of a severity, such as severe=0.01 (minor, "
                + "moderate, severe).");
        return new(rate, severity);
    }

    private static void Warn(GuardSideCalibration side, IReadOnlyList<GuardExample> examples) => Output.Note(
        $"warning: {side.Suspects.Count} of {side.Unsafe} {(side.Side == GuardSide.Prompt ? "prompts" : "answers")} labelled unsafe "
            + $"({(double)side.Suspects.Count / side.Unsafe:0.0%}) are scored like the safe ones, more than may be missed; "
        + $"to catch them anyway, {side.Threshold.FalseAlarmRate:0.0%} of the safe ones are flagged. Their labels are wrong, or the guard does not see their "
            + "harm: look at them "
        + $"({string.Join("; ", side.Suspects.Take(3).Select(i => examples[i].Place))}{(side.Suspects.Count > 3 ? "; all in --json" : "")}), correct the "
            + "labels (data annotate), or allow more to be missed.");

    private static void Print(GuardCalibration found, GuardConfig config, string? written)
    {
        Output.Line($"temperatures: verdict {found.VerdictTemperature:0.000}, categories {found.CategoryTemperature:0.000}, severity "
            + $"{found.SeverityTemperature:0.000}; calibration error {found.Before.ExpectedError:0.0%} before, {found.After.ExpectedError:0.0%} after");
        foreach (GuardSideCalibration side in found.Sides)
        {
            string held = double.IsNaN(side.HeldSplits) ? "" : $"; kept in {side.HeldSplits:0.0%} of {GuardSideCalibration.Splits} random halvings";
            Output.Line($"{(side.Side == GuardSide.Prompt ? "prompts" : "answers")}: unsafe from {side.Threshold.Threshold:0.0000} on; of "
                + $"{side.Unsafe} unsafe {side.Threshold.MissRate:0.0%} are missed, of {side.Rows - side.Unsafe} safe "
                    + $"{side.Threshold.FalseAlarmRate:0.0%} are flagged{held}");
        }
        Output.Line(written is null ? $"not written (--dry-run): {config.Calibration}" : $"{written}: {config.Calibration}");
    }
}
