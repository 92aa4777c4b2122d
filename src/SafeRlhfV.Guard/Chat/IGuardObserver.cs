namespace SafeRlhfV.Guard;

/// <summary>Sees every decision before anything that it allows is released. Where it throws, the guard refuses: nothing goes unrecorded.</summary>
public interface IGuardObserver
{
    /// <summary>
    /// The prompt was decided; the model is asked meanwhile, but nothing that it says is released before this has ended well. Called for every request, once.
    /// </summary>
    ValueTask PromptDecidedAsync(GuardReport report, CancellationToken cancellationToken);

    /// <summary>The request has ended, for whatever reason. The answer, or in a stream its last part, has not been released yet.</summary>
    /// <remarks>May be called while <see cref="PromptDecidedAsync"/> is still under way; the answer leaves after both have ended well.</remarks>
    ValueTask EndedAsync(GuardReport report, CancellationToken cancellationToken);
}
