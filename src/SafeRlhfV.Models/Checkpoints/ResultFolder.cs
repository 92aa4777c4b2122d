namespace SafeRlhfV.Models;

/// <summary>Finds the model in a folder that a person names: the folder itself, or the result of the training run that it holds.</summary>
/// <remarks>What `train` writes is what every verb and recipe takes: `runs/sft` and `runs/sft/result` are the same model.</remarks>
public static class ResultFolder
{
    /// <summary>The folder in a run's folder that holds its result.</summary>
    public const string Name = "result";

    /// <summary>The folder in a run's folder that holds a result which is not released yet.</summary>
    public const string CandidateName = "candidate";

    private static readonly string[] Models = ["config.json", "adapter_config.json", ScoreHead.FileName], Runs = ["recipe.yaml", "run.lock", "checkpoints"];

    /// <summary>The folder with the model; the given one where it is no run's, so that whoever loads it says what is missing.</summary>
    /// <exception cref="InvalidInputException">The folder is that of a run which is not finished.</exception>
    public static string Find(string folder)
    {
        string result = Path.Combine(folder, Name);
        if (Holds(folder, Models) || !Directory.Exists(folder)) return folder;
        if (Holds(result, Models)) return result;
        if (Holds(Path.Combine(folder, CandidateName), Models))
            throw new InvalidInputException($"{folder}: the policy of this run is not released: its certificate did not hold, or was not made yet. Run "
                + $"the same 'safe-rlhf-v train' again to see why; the candidate lies in {Path.Combine(folder, CandidateName)}.");
        if (Runs.Count(name => Path.Exists(Path.Combine(folder, name))) > 1)
            throw new InvalidInputException($"{folder}: this run is not finished, so it holds no result yet; resume it with 'safe-rlhf-v train ... --out "
                + $"{folder} --resume'.");
        return folder;
    }

    private static bool Holds(string folder, string[] names) => names.Any(name => File.Exists(Path.Combine(folder, name)));
}
