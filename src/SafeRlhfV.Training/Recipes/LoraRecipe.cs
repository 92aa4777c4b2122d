using System.ComponentModel.DataAnnotations;
using SafeRlhfV.Models;

namespace SafeRlhfV.Training;

/// <summary>A new LoRA adapter.</summary>
public sealed record LoraRecipe
{
    /// <summary>Rank r.</summary>
    [Range(1, 1 << 16)]
    public int Rank { get; init; } = 16;

    /// <summary>The product is scaled by alpha / r.</summary>
    [Range(0, 1e12, MinimumIsExclusive = true)]
    public double Alpha { get; init; } = 32;

    /// <summary>Dropout before the low-rank product.</summary>
    [Range(0, 1, MaximumIsExclusive = true)]
    public double Dropout { get; init; }

    /// <summary>Scale by alpha / sqrt(r).</summary>
    public bool RankStabilised { get; init; }

    /// <summary>Names of the language model's linear layers that are adapted (q_proj, ...); empty = all seven of each block.</summary>
    public IReadOnlyList<string> Targets { get; init; } = [];

    /// <summary>Names of modules that are trained whole, in a copy that the adapter keeps (embed_tokens, lm_head, multi_modal_projector, ...).</summary>
    public IReadOnlyList<string> ModulesToSave { get; init; } = [];

    /// <summary>The output matrix's name among <see cref="ModulesToSave"/>.</summary>
    internal const string OutputModule = "lm_head";

    /// <summary>The same adapter for a score, which never reads the output matrix.</summary>
    public LoraRecipe ForScores() => this with { ModulesToSave = [.. ModulesToSave.Where(module => module != OutputModule)] };

    /// <summary>The adapter's settings on a base model.</summary>
    public LoraConfig ToConfig(string? baseModel) =>
        LoraConfig.ForLanguageModel(Rank, Alpha, Dropout, Targets.Count == 0 ? null : Targets) with
        {
            RankStabilised = RankStabilised,
            ModulesToSave = ModulesToSave,
            BaseModel = baseModel,
        };
}
