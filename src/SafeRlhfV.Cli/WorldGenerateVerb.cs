using System.CommandLine;
using SafeRlhfV.SafetyWorld;

namespace SafeRlhfV.Cli;

/// <summary><c>world generate</c>: preference pairs of the built-in world as a BeaverTails-V data set.</summary>
internal static class WorldGenerateVerb
{
    public static Command Create()
    {
        Option<string> folder = new("--out") { Description = "The folder to write; it must be new or empty.", Required = true };
        Option<int> pairs = new("--pairs") { Description = "Pairs in all; a tenth of them is held out for evaluation.", DefaultValueFactory = _ => 10_000 };
        Option<long> seed = new("--seed") { Description = "The world's seed.", DefaultValueFactory = _ => 0 };
        Option<double> noise = new("--label-noise")
        {
            Description = "The share of wrong labels, as people make them; 0 for the exact rater's own, such as to calibrate or judge a guard on.",
            DefaultValueFactory = _ => World.LabelNoise
        };
        Option<bool> json = Output.JsonOption();
        Command command = new("generate",
            "Write preference pairs of the built-in world as Parquet. Example: safe-rlhf-v world generate --out data/world --pairs 10000 --seed 0")
        {
            folder, pairs, seed, noise, json,
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            Run(parsed.GetRequiredValue(folder), parsed.GetRequiredValue(pairs), parsed.GetRequiredValue(seed), parsed.GetValue(noise), parsed.GetValue(json),
                cancellationToken);
            return Task.FromResult(0);
        });
        return command;
    }

    private static void Run(string folder, int pairs, long seed, double noise, bool json, CancellationToken cancellationToken)
    {
        if (pairs < 2) throw new InvalidInputException($"--pairs {pairs}: ask for at least 2, one to train on and one to hold out.");
        if (noise is not (>= 0 and <= 0.5))
            throw new InvalidInputException($"--label-noise {noise}: give a share from 0 (all labels right) to 0.5 (a coin's).");
        int evaluation = Math.Max(1, pairs / 10), train = pairs - evaluation;
        World world = new(seed);
        ProgressView progress = new("world");
        WorldDataset.Write(folder, world.TrainingPairs(train, labelNoise: noise).Select(pair => pair.Row),
            world.HeldOutPairs(evaluation, labelNoise: noise).Select(pair => pair.Row),
            labelNoise: noise, written: rows => progress.Report((int)rows, pairs), cancellationToken: cancellationToken);
        progress.Done($"{train} training and {evaluation} evaluation pairs");
        if (json) Output.Json(new { Folder = Path.GetFullPath(folder), Train = train, Evaluation = evaluation, Seed = seed, LabelNoise = noise });
        else Output.Line(folder);
    }
}
