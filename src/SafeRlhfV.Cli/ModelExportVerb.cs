using System.CommandLine;
using SafeRlhfV.Models;

namespace SafeRlhfV.Cli;

/// <summary><c>model export</c>: a score model as another program serves it.</summary>
internal static class ModelExportVerb
{
    private const string Vllm = "vllm";

    public static Command Create()
    {
        Argument<string> source =
            new("dir") { Description = "A reward or cost model, or one of both scores: a checkpoint folder, an adapter's folder or a run." };
        Option<string> target = new("--for") { Description = "The program that will serve it: vllm.", Required = true };
        target.AcceptOnlyFromAmong(Vllm);
        Option<string> folder = CheckpointArguments.Out();
        Option<string?> dtype = CheckpointArguments.Dtype();
        Option<string> maxShardSize = CheckpointArguments.MaxShardSize();
        Option<bool> overwrite = CheckpointArguments.Overwrite(), json = Output.JsonOption();
        Command command = new("export",
            "Write a score model as the classification checkpoint that vLLM serves. Example: safe-rlhf-v model export runs/reward --for vllm --out "
                + "models/reward-vllm")
        {
            source, target, folder, dtype, maxShardSize, overwrite, json,
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            SaveOptions options = CheckpointArguments.SaveOptions(parsed.GetValue(dtype), null, parsed.GetRequiredValue(maxShardSize),
                parsed.GetValue(overwrite));
            ClassifierExport.Write(ResultFolder.Find(parsed.GetRequiredValue(source)), parsed.GetRequiredValue(folder), options);
            CheckpointArguments.Report(parsed.GetRequiredValue(folder), parsed.GetValue(json));
            return Task.FromResult(0);
        });
        return command;
    }
}
