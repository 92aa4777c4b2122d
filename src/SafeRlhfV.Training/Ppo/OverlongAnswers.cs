namespace SafeRlhfV.Training;

/// <summary>What becomes of answers that did not end within the maximum number of new tokens.</summary>
public enum OverlongAnswers
{
    /// <summary>They are scored and learnt from as they are.</summary>
    Keep,

    /// <summary>Their tokens take no part in the loss. Their scores stay in their group's statistics.</summary>
    Mask,

    /// <summary>Their reward falls, and that of answers near the limit by less (<see cref="Objectives.OverlongPenalty"/>).</summary>
    Penalise,
}
