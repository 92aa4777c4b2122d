using System.Text.Json;
using System.Text.Json.Nodes;
using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Cli;

/// <summary>What must hold before the next stages of <c>align</c> begin. Each gate reads what a stage before it measured.</summary>
internal sealed class AlignGates(AlignFolders folders, AlignSettings settings, bool onlyWarns)
{
    private static readonly double[] Misses = [0.1, 0.2, 0.3, 0.5];

    private const string Failed = "failed";

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

    /// <summary>Calibrates the guard; what makes it impossible, such as too few unsafe rows, is kept for the gate.</summary>
    public string Calibrate(AlignCommand command, CancellationToken cancellationToken)
    {
        string file = folders.Check(AlignStages.Calibrate);
        try
        {
            TaskResult.Of((command with { Printed = file }).RunAsync(resumes: false, cancellationToken));
            return "calibrated";
        }
        catch (InvalidInputException error)
        {
            AtomicFile.Write(file, new JsonObject { [Failed] = error.Message }.ToJsonString());
            return error.Message;
        }
    }

    private string Pass(IReadOnlyList<GateResult> results) => GateResult.Demand(results, result => $"{result.Advice}, or go on all the same with --gates warn",
        onlyWarns ? result => Output.Note($"warning: {result}; {result.Advice}") : null);

    private GateResult Data()
    {
        using JsonDocument report = Read(AlignStages.CheckData);
        int errors = report.RootElement.GetProperty("errors").GetInt32();
        int rows = report.RootElement.GetProperty("rows").GetInt32();
        return new("errors in the data", errors, 0, IsLeast: false, rows, errors == 0,
            "'safe-rlhf-v data validate DATA' lists them, and with --fix FOLDER writes a copy without such rows")
        { Found = $"{DataArguments.Count(errors, "error")} in {DataArguments.Count(rows, "row")} of the data" };
    }

    private IReadOnlyList<GateResult> Scores()
    {
        (ScoreModelResult reward, PreferenceCalibration rewardCalibration) = new AlignedRun(folders).Scores(AlignStages.Reward);
        (ScoreModelResult cost, PreferenceCalibration costCalibration) = new AlignedRun(folders).Scores(AlignStages.Cost);
        return settings.Gates.Check(reward, rewardCalibration, cost, costCalibration);
    }

    private GateResult Guard()
    {
        using JsonDocument report = Read(AlignStages.Calibrate);
        string? fault = report.RootElement.TryGetProperty(Failed, out JsonElement why) ? why.GetString() : null;
        string more = Misses.FirstOrDefault(miss => miss > settings.Miss) is > 0 and var larger
            ? FormattableString.Invariant($"allow more to be missed (--set miss={larger}), or ") : "";
        return new("guard calibration", fault is null ? 1 : 0, 1, IsLeast: true, 1, fault is null, $"{more}hold out more rows (--set shares=...)")
        { Found = fault is null ? "the guard is calibrated" : $"the guard is not calibrated: {fault.TrimEnd('.')}" };
    }

    private JsonDocument Read(string check) => JsonDocument.Parse(File.ReadAllText(folders.Check(check)));
}
