using System.Text.Json;
using SafeRlhfV.Data;
using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Cli;

/// <summary>What must hold before the next stages of <c>align</c> begin. Each gate reads what a stage before it measured.</summary>
internal sealed class AlignGates(AlignFolders folders, AlignSettings settings, bool onlyWarns)
{
    private static readonly double[] Misses = [0.1, 0.2, 0.3, 0.5];

    /// <summary>All gates whose figures are there.</summary>
    public IReadOnlyList<GateResult> All =>
    [
        .. File.Exists(folders.Check(AlignStages.CheckData)) ? [Data()] : (GateResult[])[],
        .. File.Exists(folders.Check(AlignStages.Reward)) && File.Exists(folders.Check(AlignStages.Cost)) ? Scores() : [],
        .. File.Exists(folders.Check(AlignStages.Calibrate)) ? [Guard()] : (GateResult[])[],
    ];

    /// <summary>No row may have an error.</summary>
    /// <exception cref="GateException">Some have, and the gates stop.</exception>
    public string CheckData() => Pass([Data()]);

    /// <summary>RM-V and CM-V must reach their limits.</summary>
    /// <exception cref="GateException">One does not, and the gates stop.</exception>
    public string CheckScores() => Pass(Scores());

    /// <summary>The guard must have been calibrated.</summary>
    /// <exception cref="GateException">It could not be, and the gates stop.</exception>
    public string CheckGuard() => Pass([Guard()]);

    /// <summary>What came of the guard's calibration.</summary>
    public string Calibration() => CalibrationFault() ?? "calibrated";

    private string Pass(IReadOnlyList<GateResult> results) => GateResult.Demand(results, result => $"{result.Advice}, or go on all the same with --gates warn",
        onlyWarns ? result => Output.Note($"warning: {result}; {result.Advice}") : null);

    private GateResult Data()
    {
        using JsonDocument report = Read(AlignStages.CheckData);
        // an image in two of the data's own splits is no fault here: they were split anew
        JsonElement[] errors = [.. report.RootElement.GetProperty("findings").EnumerateArray()
            .Where(finding => finding.GetProperty("severity").GetString() == "error" && finding.GetProperty("code").GetString() != Fault.LeakExact)];
        int rows = report.RootElement.GetProperty("rows").GetInt32();
        return new("errors in the data", errors.Length, 0, IsLeast: false, rows, errors.Length == 0,
            $"'safe-rlhf-v data validate {TrainVerb.ShellWord(report.RootElement.GetProperty("path").GetString()!)}' lists all, and with --fix FOLDER writes "
                + "a copy without such rows")
        {
            Found = $"{DataArguments.Count(errors.Length, "error")} in {DataArguments.Count(rows, "row")} of the data"
                + (errors.Length == 0 ? "" : $", such as {Place(errors[0])}: {errors[0].GetProperty("what").GetString()!.TrimEnd('.')}"),
        };

        static string Place(JsonElement finding) => finding.GetProperty("row") is { ValueKind: JsonValueKind.Number } row
            ? new RowPosition("", "", finding.GetProperty("file").GetString()!, row.GetInt64(), 0).InFile() : finding.GetProperty("file").GetString()!;
    }

    private IReadOnlyList<GateResult> Scores()
    {
        (ScoreModelResult reward, PreferenceCalibration rewardCalibration) = new AlignedRun(folders).Scores(AlignStages.Reward);
        (ScoreModelResult cost, PreferenceCalibration costCalibration) = new AlignedRun(folders).Scores(AlignStages.Cost);
        return settings.Gates.Check(reward, rewardCalibration, cost, costCalibration);
    }

    private GateResult Guard()
    {
        string? fault = CalibrationFault();
        string more = Misses.FirstOrDefault(miss => miss > settings.Miss) is > 0 and var larger
            ? FormattableString.Invariant($"allow more to be missed (--set miss={larger}), or ") : "";
        return new("guard calibration", fault is null ? 1 : 0, 1, IsLeast: true, 1, fault is null, $"{more}hold out more rows (--set shares=...)")
        { Found = fault is null ? "the guard is calibrated" : $"the guard is not calibrated: {fault.TrimEnd('.')}" };
    }

    // what makes it impossible, such as too few unsafe rows
    private string? CalibrationFault()
    {
        using JsonDocument report = Read(AlignStages.Calibrate);
        return report.RootElement.TryGetProperty(AlignCommand.Refusal, out JsonElement why) ? why.GetString() : null;
    }

    private JsonDocument Read(string check) => JsonDocument.Parse(File.ReadAllText(folders.Check(check)));
}
