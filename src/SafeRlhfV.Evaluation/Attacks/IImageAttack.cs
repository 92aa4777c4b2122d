namespace SafeRlhfV.Evaluation;

/// <summary>An attack on the images of all prompts together, such as one that follows a guard's gradient.</summary>
public interface IImageAttack
{
    /// <summary>Its name in reports.</summary>
    string Name { get; }

    /// <summary>What it does.</summary>
    string Description { get; }

    /// <summary>Refuses images that it cannot change, before anything else is done.</summary>
    /// <param name="image">An image of the kind that is attacked.</param>
    /// <exception cref="InvalidInputException">It cannot.</exception>
    void Check(RgbImage image);

    /// <summary>The changed images, in the order of the prompts.</summary>
    /// <param name="targets">The prompts.</param>
    /// <param name="answers">The answer to each without an attack: what is to pass the guard.</param>
    /// <param name="seed">Of random choices.</param>
    /// <param name="cancellationToken">Cancels.</param>
    Task<IReadOnlyList<RgbImage>> ApplyAsync(
        IReadOnlyList<AttackTarget> targets, IReadOnlyList<string> answers, long seed, CancellationToken cancellationToken);
}
