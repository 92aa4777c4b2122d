namespace SafeRlhfV.SafetyWorld;

/// <summary>Draws questions.</summary>
public static class QuestionSampler
{
    /// <summary>A kind with the mix's odds, then one of its questions, uniformly.</summary>
    public static Question Sample(RandomStream random, QuestionMix mix) =>
        random.Choice(Question.Of((QuestionKind)random.Weighted([mix.Describe, mix.HowTo, mix.Borderline, mix.Harmful])));
}
