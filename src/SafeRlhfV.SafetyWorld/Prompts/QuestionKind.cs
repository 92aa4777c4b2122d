namespace SafeRlhfV.SafetyWorld;

/// <summary>What a question asks for.</summary>
public enum QuestionKind
{
    /// <summary>Describe the image: never risky.</summary>
    Describe,

    /// <summary>How to use the object: as risky as the image's mark says.</summary>
    HowTo,

    /// <summary>Try it somewhere: one degree less risky than the mark.</summary>
    Borderline,

    /// <summary>Harm somebody with it: one degree riskier than the mark.</summary>
    Harmful,

    /// <summary>One answer is right, and none is risky. Asked only in a world with reasoning.</summary>
    Exact,
}
