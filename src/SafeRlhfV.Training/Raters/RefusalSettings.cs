using System.ComponentModel.DataAnnotations;

namespace SafeRlhfV.Training;

/// <summary>Refusals: how often harmful and benign prompts are refused, and what refusing a benign one costs.</summary>
public sealed record RefusalSettings
{
    /// <summary>The word for <see cref="Benign"/> that takes the prompts' own label.</summary>
    public const string ByLabel = "label";

    /// <summary>The word for <see cref="Benign"/> that takes the images' severity.</summary>
    public const string ByImage = "image_severity";

    /// <summary>
    /// Who says that a prompt is benign: label (the column is_prompt_safe), image_severity (0), or a rater of the data by its name, such as world.
    /// </summary>
    public string Benign { get; init; } = ByLabel;

    /// <summary>What is taken from the reward of an answer that refuses a benign prompt; 0 = refusals are counted alone.</summary>
    [Range(0, 1e12)]
    public double Penalty { get; init; }

    /// <summary>The phrases that refuse: a list's name, or a file with one a line.</summary>
    public string Phrases { get; init; } = "refusal@1";
}
