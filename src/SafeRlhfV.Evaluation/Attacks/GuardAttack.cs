namespace SafeRlhfV.Evaluation;

/// <summary>A way to disguise a prompt that needs no model.</summary>
/// <param name="Name">Its name in reports.</param>
/// <param name="Description">What it does.</param>
/// <param name="Apply">Disguises a prompt; the stream is the attack's own for that prompt.</param>
public sealed record GuardAttack(string Name, string Description, Func<AttackTarget, RandomStream, AttackPrompt> Apply)
{
    /// <summary>All of them. The first changes nothing: the rates to compare with.</summary>
    public static IReadOnlyList<GuardAttack> Suite { get; } =
    [
        new("none", "the prompt as it is", (target, _) => new(target.Image, [target.Text])),
        .. TextAttacks.All,
        .. ImageAttacks.All,
    ];
}
