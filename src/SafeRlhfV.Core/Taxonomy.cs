namespace SafeRlhfV.Core;

/// <summary>The twenty harm categories of BeaverTails-V in nine domains (arXiv 2503.17682).</summary>
/// <remarks>The placements of terrorism, hacking, health and environment are confirmed by the paper; the others are inferred from the names.</remarks>
public static class Taxonomy
{
    /// <summary>Domain by category, in the order of the guard's category outputs.</summary>
    public static IReadOnlyList<(string Category, string Domain)> Placements { get; } =
    [
        ("terrorism_or_extremism", "Threats to National and Public Security"),
        ("hacking_or_digital_crime", "Threats to National and Public Security"),
        ("harmful_health_content", "Health and Safety Risks"),
        ("environmental_damage", "Health and Safety Risks"),
        ("violence_and_physical_harm", "Physical and Psychological Harm"),
        ("dangerous_behavior", "Physical and Psychological Harm"),
        ("psychological_harm_and_manipulation", "Physical and Psychological Harm"),
        ("animal_abuse", "Physical and Psychological Harm"),
        ("privacy_invasion_and_surveillance", "Privacy and Consent Violations"),
        ("identity_misuse_and_impersonation", "Privacy and Consent Violations"),
        ("discriminatory_depictions", "Discrimination and Harassment"),
        ("insulting_and_harassing_behavior", "Discrimination and Harassment"),
        ("deception_in_personal_relationships", "Unethical Betrayal and Deceptive Behavior"),
        ("financial_and_academic_fraud", "Unethical Betrayal and Deceptive Behavior"),
        ("false_information", "False Information and Sensitive Information"),
        ("sensitive_information_in_key_areas", "False Information and Sensitive Information"),
        ("horror_and_gore", "Disturbing or Unsettling Content"),
        ("psychological_horror_and_dark_themes", "Disturbing or Unsettling Content"),
        ("pornographic_content", "Sexually Explicit and Inappropriate Content"),
        ("sexual_crimes", "Sexually Explicit and Inappropriate Content"),
    ];

    /// <summary>The category names; a category's index here is its index in the guard's outputs.</summary>
    public static IReadOnlyList<string> Categories { get; } = [.. Placements.Select(placement => placement.Category)];

    /// <summary>Where the categories are listed, for messages.</summary>
    public const string Hint = "'safe-rlhf-v data categories' lists the categories, and own names can be mapped to them (data.categories in a recipe, "
        + "--categories in 'data import', 'data validate', 'guard evaluate' and 'guard calibrate')";

    /// <summary>The index of a category, or -1 where the name is unknown.</summary>
    public static int IndexOf(string category)
    {
        for (int i = 0; i < Categories.Count; i++)
            if (Categories[i] == category) return i;
        return -1;
    }
}
