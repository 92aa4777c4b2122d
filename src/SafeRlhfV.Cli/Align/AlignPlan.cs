using SafeRlhfV.Training;

namespace SafeRlhfV.Cli;

/// <summary>What the training runs of <c>align</c> take, before any of them begins.</summary>
internal static class AlignPlan
{
    /// <summary>Plans every training run. Other stages hold one model without gradients, which is less than any training of it.</summary>
    /// <param name="options">What was asked for.</param>
    /// <param name="trainings">The training runs.</param>
    /// <param name="whole">Data that is not split yet; null = the split data.</param>
    /// <exception cref="InvalidInputException">Model or data are missing or damaged.</exception>
    public static IReadOnlyList<AlignPlanRow> Rows(AlignOptions options, IReadOnlyList<(string Stage, AlignTraining Training)> trainings, string? whole) =>
        [.. trainings.Select(one => Row(options, one.Stage, whole is null ? one.Training.Recipe : one.Training.RecipeOnAll(whole)))];

    /// <summary>Plans on the split data, keeps the plan, and refuses what cannot fit.</summary>
    /// <exception cref="InvalidInputException">Training runs take more memory than there is; all are named, with the settings to change.</exception>
    public static string Demand(AlignOptions options, IReadOnlyList<(string Stage, AlignTraining Training)> trainings)
    {
        IReadOnlyList<AlignPlanRow> rows = Rows(options, trainings, whole: null);
        if (!options.IgnoresMemory && rows.Where(row => row.Fits == false).ToArray() is { Length: > 0 } large)
            throw new InvalidInputException($"{string.Join("; ", large.Select(row => row.Fault))}. --ignore-memory tries all the same.");
        AtomicFile.Write(options.Folders.Plan, Output.JsonLine(rows) + "\n");
        AlignPlanRow most = rows.MaxBy(row => row.Bytes)!;
        return $"at most {MemoryPlan.Size(most.Bytes)} ({most.Stage}); {Sum(rows)}";
    }

    /// <summary>All training in words; of a device whose speed is not known, that.</summary>
    public static string Sum(IReadOnlyList<AlignPlanRow> rows) => rows.All(row => row.Seconds is not null)
        ? $"training takes about {TimePlan.Span(rows.Sum(row => row.Seconds!.Value))}" : "how long training takes is not known for this device";

    private static AlignPlanRow Row(AlignOptions options, string stage, Recipe recipe)
    {
        RecipePlan plan = RecipePlan.ByData(recipe, options.Card);
        long? room = options.Card?.UsableBytes ?? DeviceMemory.Free(plan.Device);
        return new AlignPlanRow(stage, recipe.Trainer.Name, plan.Device, plan.Memory.TotalBytes, plan.Memory.HostBytes, room,
            room is null ? null : plan.Memory.TotalBytes <= room, room is { } bytes ? plan.ChangesToFit(bytes) : [], plan.Time(options.Card)?.Seconds);
    }
}
