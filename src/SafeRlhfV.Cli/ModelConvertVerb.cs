using System.CommandLine;
using SafeRlhfV.Models;

namespace SafeRlhfV.Cli;

/// <summary><c>model convert</c>: another type, key layout or sharding.</summary>
internal static class ModelConvertVerb
{
    public static Command Create()
    {
        Argument<string> source = CheckpointArguments.Folder();
        Option<string> folder = CheckpointArguments.Out();
        Option<string?> dtype = CheckpointArguments.Dtype(), layout = CheckpointArguments.Layout(), processor = ModelArguments.ProcessorFolder();
        Option<string> maxShardSize = CheckpointArguments.MaxShardSize();
        Option<bool> overwrite = CheckpointArguments.Overwrite(), json = Output.JsonOption();
        Command command = new("convert",
            "Write a checkpoint (safetensors or pytorch_model.bin) as safetensors, in another type, key layout or sharding if asked. Example: safe-rlhf-v "
                + "model convert models/llava --dtype bfloat16 --max-shard-size 2GB --out models/llava-bf16")
        {
            source, folder, dtype, layout, maxShardSize, processor, overwrite, json,
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            SaveOptions options = CheckpointArguments.SaveOptions(parsed.GetValue(dtype), parsed.GetValue(layout), parsed.GetRequiredValue(maxShardSize),
                parsed.GetValue(overwrite)) with
            { ProcessorFrom = parsed.GetValue(processor) };
            CheckpointConverter.Convert(ResultFolder.Find(parsed.GetRequiredValue(source)), parsed.GetRequiredValue(folder), options);
            CheckpointArguments.Report(parsed.GetRequiredValue(folder), parsed.GetValue(json));
            return Task.FromResult(0);
        });
        return command;
    }
}
