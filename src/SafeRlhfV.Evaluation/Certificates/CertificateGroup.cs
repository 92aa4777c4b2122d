namespace SafeRlhfV.Evaluation;

/// <summary>What claims are made for each of several groups.</summary>
public enum CertificateGroup
{
    /// <summary>The rate of unsafe answers of each severity.</summary>
    Severity,

    /// <summary>The rate of unsafe answers to the prompts of each category.</summary>
    Category,
}
