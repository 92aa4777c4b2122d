using System.CommandLine;
using SafeRlhfV.Training;

namespace SafeRlhfV.Cli;

/// <summary><c>plan</c>: what a recipe takes in memory and, roughly, in time, without loading anything.</summary>
internal static class PlanVerb
{
    public static Command Create()
    {
        Option<FileInfo> config = new("--config") { Description = "The recipe.", Required = true };
        Option<string?> model = RecipeOptions.Model(), name = RecipeOptions.Name();
        Option<string[]> set = new("--set") { Description = "A value in place of the recipe's. May be given many times.", DefaultValueFactory = _ => [] };
        Option<string?> gpu = new Option<string?>("--gpu")
        {
            Description = $"Whether it fits on this card, and how long it takes: {string.Join(", ", GpuCard.Names)}; or a size, 48gib (2^30 bytes, as "
                + "nvidia-smi counts) or 48gb (10^9 bytes). Exit 1 if it does not fit."
        }.Completes(GpuCard.Names);
        Option<bool> data = new("--data") { Description = "Look at the recipe's data for the lengths of texts, instead of its limits." };
        Option<int> ranks = new("--ranks")
        {
            Description = "Processes that train together (mpirun -n N): the plan is that of one of them.",
            DefaultValueFactory = _ => 1,
        };
        Option<bool> json = Output.JsonOption();
        Command command = new("plan", "Tell what a recipe takes: weights, gradients, optimizer, KV cache, activations. "
            + "Example: safe-rlhf-v plan --config recipes/one-gpu/ppo.yaml --model models/llava-1.5-7b-hf --name llava-1.5-7b --gpu h100-80gb")
        {
            config, model, name, set, gpu, data, ranks, json,
        };
        command.SetAction((parsed, _) =>
        {
            GpuCard? card = parsed.GetValue(gpu) is { } wanted ? GpuCard.Find(wanted) : null;
            Recipe recipe = Load(parsed.GetRequiredValue(config).FullName, parsed.GetValue(set)!, new(parsed.GetValue(model), parsed.GetValue(name)), card);
            int count = parsed.GetValue(ranks);
            if (count < 1) throw new InvalidInputException($"--ranks is {count}, and at least one process trains.");
            RecipePlan plan = parsed.GetValue(data) ? RecipePlan.ByData(recipe, card, count) : RecipePlan.ByLimits(recipe, card, count);
            TimePlan? time = plan.Time(card);
            long? room = card?.UsableBytes;
            bool fits = room is null || plan.Memory.TotalBytes <= room;
            IReadOnlyList<string>? changes = room is { } bytes ? plan.ChangesToFit(bytes) : [];
            if (parsed.GetValue(json)) Output.Json(new
            {
                plan.Parameters,
                plan.Memory.Assumed,
                plan.Memory.Parts,
                plan.Memory.TotalBytes,
                plan.Memory.Host,
                plan.Memory.HostBytes,
                RoomBytes = room,
                Fits = room is null ? (bool?)null : fits,
                Changes = changes,
                Time = time
            });
            else
            {
                foreach (string line in plan.Memory.Lines) Output.Line(line);
                if (room is not null)
                    Output.Line(MemoryPlan.Line($"{card!.Name} has", room.Value) + "  "
                        + (fits ? "it fits" : changes is null
                            ? "it does not fit, and no setting makes it"
                            : $"it does not fit; it would with --set {string.Join(" --set ", changes)}"));
                foreach (string line in time?.Lines
                    ?? [card is null ? "time: name a card (--gpu) for an estimate." : $"time: not estimated, the speed of {card.Name} is not known."])
                    Output.Line(line);
            }
            return Task.FromResult(fits ? 0 : CliHost.CheckFailed);
        });
        return command;
    }

    // what runs on the CPU is planned for the card that is asked for
    private static Recipe Load(string file, string[] sets, RecipeVariables variables, GpuCard? card)
    {
        Recipe recipe = RecipeOptions.Load(file, () => RecipeReader.Load(file, sets, variables: variables));
        return card is not null && RecipePlan.DeviceOf(recipe) == "cpu"
            ? RecipeReader.Load(file, [.. sets, "model.device=cuda"], variables: variables)
            : recipe;
    }
}
