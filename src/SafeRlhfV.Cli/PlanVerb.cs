using System.CommandLine;
using SafeRlhfV.Training;

namespace SafeRlhfV.Cli;

/// <summary><c>plan</c>: what a recipe takes in memory, without loading anything.</summary>
internal static class PlanVerb
{
    public static Command Create()
    {
        Option<FileInfo> config = new("--config") { Description = "The recipe.", Required = true };
        Option<string[]> set = new("--set") { Description = "A value in place of the recipe's. May be given many times.", DefaultValueFactory = _ => [] };
        Option<string?> gpu = new("--gpu") { Description = $"Whether it fits: {string.Join(", ", DeviceMemory.Names)}, or a size such as 48gb. Exit 1 if not." };
        Option<bool> data = new("--data") { Description = "Look at the recipe's data for the lengths of texts, instead of its limits." };
        Option<bool> json = Output.JsonOption();
        Command command = new("plan", "Tell what a recipe takes: weights, gradients, optimizer, KV cache, activations. Example: safe-rlhf-v plan --config recipes/llava-1.5-7b/ppo-one-gpu.yaml --gpu h100-80gb") { config, set, gpu, data, json };
        command.SetAction((parsed, _) =>
        {
            Recipe recipe = RecipeReader.Load(parsed.GetRequiredValue(config).FullName, parsed.GetValue(set));
            RecipePlan plan = parsed.GetValue(data) ? RecipePlan.ByData(recipe) : RecipePlan.ByLimits(recipe);
            long? room = parsed.GetValue(gpu) is { } card ? DeviceMemory.OfCard(card) : null;
            bool fits = room is null || plan.Memory.TotalBytes <= room;
            IReadOnlyList<string>? changes = room is { } bytes ? plan.ChangesToFit(bytes) : [];
            if (parsed.GetValue(json)) Output.Json(new { plan.Parameters, plan.Memory.Assumed, plan.Memory.Parts, plan.Memory.TotalBytes, RoomBytes = room, Fits = room is null ? (bool?)null : fits, Changes = changes });
            else
            {
                foreach (string line in plan.Memory.Lines) Output.Line(line);
                if (room is not null)
                    Output.Line($"{$"{parsed.GetValue(gpu)} has",-44} {MemoryPlan.Size(room.Value),10}  " + (fits ? "it fits" : changes is null ? "it does not fit, and no setting makes it" : $"it does not fit; it would with --set {string.Join(" --set ", changes)}"));
            }
            return Task.FromResult(fits ? 0 : CliHost.CheckFailed);
        });
        return command;
    }
}
