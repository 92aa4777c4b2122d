using System.CommandLine;
using SafeRlhfV.Models;

namespace SafeRlhfV.Cli;

/// <summary><c>model merge</c>: a LoRA adapter added into its base model's weights.</summary>
internal static class ModelMergeVerb
{
    public static Command Create()
    {
        Option<string> model = new("--model") { Description = "The base model's folder.", Required = true };
        Option<string> adapter = new("--adapter") { Description = "The adapter's folder, as PEFT or a trainer here writes it.", Required = true };
        Option<string> folder = CheckpointArguments.Out();
        Option<string?> dtype = CheckpointArguments.Dtype(), layout = CheckpointArguments.Layout(), processor = ModelArguments.ProcessorFolder();
        Option<string> maxShardSize = CheckpointArguments.MaxShardSize();
        Option<bool> overwrite = CheckpointArguments.Overwrite(), json = Output.JsonOption();
        Command command = new("merge",
            "Add a LoRA adapter into its base model's weights. Example: safe-rlhf-v model merge --model models/llava --adapter runs/dpo/adapter --out "
                + "models/llava-dpo")
        {
            model, adapter, folder, dtype, layout, maxShardSize, processor, overwrite, json,
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            SaveOptions options = CheckpointArguments.SaveOptions(parsed.GetValue(dtype), parsed.GetValue(layout), parsed.GetRequiredValue(maxShardSize),
                parsed.GetValue(overwrite)) with
            { ProcessorFrom = parsed.GetValue(processor) };
            CheckpointConverter.Merge(ResultFolder.Find(parsed.GetRequiredValue(model)), ResultFolder.Find(parsed.GetRequiredValue(adapter)),
                parsed.GetRequiredValue(folder), options);
            CheckpointArguments.Report(parsed.GetRequiredValue(folder), parsed.GetValue(json));
            return Task.FromResult(0);
        });
        return command;
    }
}
