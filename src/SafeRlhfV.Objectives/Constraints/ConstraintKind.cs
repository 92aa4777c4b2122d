namespace SafeRlhfV.Objectives;

/// <summary>What of the costs must keep the budget.</summary>
public enum ConstraintKind
{
    /// <summary>Their mean.</summary>
    Mean,

    /// <summary>The mean of their worst part (<see cref="Objectives.Cvar"/>).</summary>
    Cvar,

    /// <summary>The mean of each prompt, without safe prompts paying for unsafe ones (<see cref="Objectives.PositivePart"/>).</summary>
    PositivePart,
}
