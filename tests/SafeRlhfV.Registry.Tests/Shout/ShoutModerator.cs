using SafeRlhfV.Guard;

namespace SafeRlhfV.Registry.Tests;

/// <summary>Blocks texts with so many capital letters in a row.</summary>
internal sealed class ShoutModerator(int limit) : IModerator
{
    /// <inheritdoc/>
    public string Name => "shout";

    /// <inheritdoc/>
    public Task<IReadOnlyList<Verdict>> ModerateAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyList<Verdict>>([.. requests.Select(request => Judge(request.Response ?? request.Question))]);

    private Verdict Judge(string text)
    {
        int run = 0, longest = 0;
        foreach (char letter in text)
        {
            run = char.IsUpper(letter) ? run + 1 : 0;
            longest = Math.Max(longest, run);
        }
        return longest < limit
            ? Verdict.Safe(Name)
            : Verdict.Unsafe(Name, Severity.Minor, ["insulting_and_harassing_behavior"], reason: $"{longest} capital letters in a row");
    }
}
