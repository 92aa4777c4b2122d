using SafeRlhfV.Objectives;
using SafeRlhfV.Training;

namespace SafeRlhfV.Demo;

/// <summary>The methods that the demo compares, in the order of the report; a method's key is also its model's folder.</summary>
internal static class DemoMethods
{
    public static IReadOnlyList<(string Id, string Name, string Description)> All(DemoSettings settings) =>
    [
        (MethodIds.Start, "Start (SFT)", "supervised fine-tuning on the precursor's answers; where all others start"),
        (MethodIds.PpoHelpful, "PPO-H", "PPO on RM-V alone (λ = 0)"),
        (MethodIds.PpoSafe, "PPO-S", "PPO on CM-V alone"),
        (MethodIds.DpoHelpful, "DPO-H", "DPO on the helpfulness preference"),
        (MethodIds.DpoSafe, "DPO-S", "DPO on the safety preference"),
        (MethodIds.SafeRlhfV, "Safe RLHF-V",
            $"PPO-Lagrangian, {Mode(settings.SafePpo)} multiplier, λ ≤ {settings.SafePpo.Multiplier.Maximum}, budget {settings.SafePpo.Multiplier.Budget}"),
    ];

    /// <summary>The PPO runs, whose curves are drawn.</summary>
    public static IReadOnlyList<(string Id, string Name, PpoSettings Settings)> PpoRuns(DemoSettings settings) =>
    [
        (MethodIds.SafeRlhfV, "Safe RLHF-V", settings.SafePpo), (MethodIds.PpoHelpful, "PPO-H", settings.PpoHelpful),
        (MethodIds.PpoSafe, "PPO-S", settings.PpoSafe),
    ];

    /// <summary>The multiplier's mode as results.json names it.</summary>
    public static string Mode(PpoSettings settings) => settings.CostOnly || settings is { Mode: MultiplierMode.Fixed, Multiplier.Initial: 0 }
        ? "none"
        : settings.Mode.ToString().ToLowerInvariant();
}
