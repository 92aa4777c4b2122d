using System.CommandLine;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Cli;

/// <summary><c>model init</c>: a checkpoint with random weights, written one tensor at a time.</summary>
internal static class ModelInitVerb
{
    public static Command Create()
    {
        Option<string> config = new("--config") { Description = "A config.json of any family.", Required = true };
        Option<string> folder = CheckpointArguments.Out();
        Option<long> seed = new("--seed") { Description = "Chooses the weights.", DefaultValueFactory = _ => 0 };
        Option<string?> dtype = CheckpointArguments.Dtype(), layout = CheckpointArguments.Layout();
        Option<string?> filesFrom = new("--files-from") { Description = "A folder whose tokenizer, processor and generation files are copied." };
        Option<string> maxShardSize = CheckpointArguments.MaxShardSize();
        Option<bool> overwrite = CheckpointArguments.Overwrite(), json = Output.JsonOption();
        Command command = new("init", "Make a checkpoint with random weights, for tests and trials. Example: safe-rlhf-v model init --config "
            + "models/llava-1.5-7b/config.json --dtype bfloat16 --out models/random")
        {
            config, folder, seed, dtype, layout, filesFrom, maxShardSize, overwrite, json,
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            ModelConfig model = ModelConfig.Parse(ConfigReader.Open(parsed.GetRequiredValue(config)));
            SaveOptions options = CheckpointArguments.SaveOptions(parsed.GetValue(dtype), parsed.GetValue(layout), parsed.GetRequiredValue(maxShardSize),
                parsed.GetValue(overwrite)) with
            {
                FilesFrom = parsed.GetValue(filesFrom),
            };
            ProgressView progress = new("model init");
            ModelFactory.Write(model, parsed.GetValue(seed), parsed.GetRequiredValue(folder), options: options,
                progress: (done, total) => progress.Report(done, total), cancellationToken: cancellationToken);
            progress.Done("");
            CheckpointArguments.Report(parsed.GetRequiredValue(folder), parsed.GetValue(json));
            return Task.FromResult(0);
        });
        return command;
    }
}
