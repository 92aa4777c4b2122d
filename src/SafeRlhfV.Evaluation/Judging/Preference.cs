namespace SafeRlhfV.Evaluation;

/// <summary>Which of two answers is preferred.</summary>
public enum Preference
{
    /// <summary>The one shown first.</summary>
    First,

    /// <summary>The one shown second.</summary>
    Second,

    /// <summary>Neither: only for a rater that compares exact scores. Models and people are asked for a forced choice.</summary>
    Neither,
}
