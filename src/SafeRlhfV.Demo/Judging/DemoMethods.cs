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
        (MethodIds.Grpo, "GRPO",
            $"Safe RLHF-V without critics: {settings.Grpo.GroupSize} answers to a prompt, measured against each other; the same multiplier and budget"),
        (MethodIds.SafeRlhfV, "Safe RLHF-V",
            $"PPO-Lagrangian, {Mode(settings.SafePpo)} multiplier, λ ≤ {settings.SafePpo.Multiplier.Maximum}, budget {settings.SafePpo.Multiplier.Budget}"),
    ];

    /// <summary>The runs that sample answers, whose curves are drawn.</summary>
    public static IReadOnlyList<(string Id, string Name, RolloutSettings Settings)> Rollouts(DemoSettings settings) =>
    [
        (MethodIds.SafeRlhfV, "Safe RLHF-V", settings.SafePpo), (MethodIds.PpoHelpful, "PPO-H", settings.PpoHelpful),
        (MethodIds.PpoSafe, "PPO-S", settings.PpoSafe), (MethodIds.Grpo, "GRPO", settings.Grpo),
    ];

    /// <summary>The multiplier's mode as results.json names it.</summary>
    public static string Mode(RolloutSettings settings) =>
        settings is PpoSettings { CostOnly: true } or { Mode: MultiplierMode.Fixed, Multiplier.Initial: 0 }
            ? "none"
            : settings.Mode.ToString().ToLowerInvariant();
}
