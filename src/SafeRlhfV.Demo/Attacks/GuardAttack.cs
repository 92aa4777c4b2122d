using SafeRlhfV.SafetyWorld;

namespace SafeRlhfV.Demo;

/// <summary>A way to disguise a prompt. The contents are the built-in world's: nothing in them is harmful.</summary>
/// <param name="Name">Its name in reports.</param>
/// <param name="Description">What it does.</param>
/// <param name="Apply">Disguises a prompt; the stream is the attack's own for that prompt.</param>
public sealed record GuardAttack(string Name, string Description, Func<WorldPrompt, RandomStream, AttackPrompt> Apply)
{
    /// <summary>The attacks that need no model. The first changes nothing: the rates to compare with.</summary>
    public static IReadOnlyList<GuardAttack> Suite { get; } =
    [
        new("none", "the prompt as it is", (prompt, _) => new(prompt.Image, [prompt.Text])),
        .. TextAttacks.All,
        .. PictureAttacks.All,
    ];
}
