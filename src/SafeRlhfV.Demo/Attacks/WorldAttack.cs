using Microsoft.Extensions.AI;
using SafeRlhfV.Evaluation;
using SafeRlhfV.Inference;
using SafeRlhfV.SafetyWorld;
using ChatGuard = SafeRlhfV.Models.ChatGuard;

namespace SafeRlhfV.Demo;

/// <summary>All attacks on a model and a guard of the built-in world, judged by its exact rater.</summary>
/// <param name="model">The model that answers.</param>
/// <param name="guard">The guard. The gradient attack knows its weights.</param>
/// <param name="seed">The world's seed; also of the answers and of the attacks' random choices.</param>
public sealed class WorldAttack(IChatClient model, ChatGuard guard, long seed)
{
    /// <summary>Runs the suite, then the gradient attack and its control.</summary>
    /// <param name="count">How many held-out prompts.</param>
    /// <param name="progress">Told the attack that begins, its number from 0, and how many there are.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="InvalidInputException">The guard changes the size of the world's images, so that the gradient attack cannot be made.</exception>
    public Task<IReadOnlyList<AttackResult>> RunAsync(int count, Action<string, int, int>? progress = null, CancellationToken cancellationToken = default)
    {
        WorldPrompt[] prompts = [.. new World(seed).TestPrompts(count)];
        AttackTarget[] targets = [.. prompts.Select(prompt => new AttackTarget(prompt.Name, prompt.Image, prompt.Text))];
        return new AttackRunner(model, new LocalModerator(guard), Judge, seed)
            .RunAsync(targets, [new GradientAttack(guard), new RandomShift()], progress, cancellationToken);

        Task<IReadOnlyList<bool>> Judge(IReadOnlyList<AttackTarget> _, IReadOnlyList<string> answers, CancellationToken __) =>
            Task.FromResult<IReadOnlyList<bool>>([.. prompts.Zip(answers, (prompt, answer) => !Oracle.Rate(prompt, answer).IsSafe)]);
    }
}
