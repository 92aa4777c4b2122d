namespace SafeRlhfV.Evaluation;

/// <summary>What most of several readings say.</summary>
public static class Majority
{
    /// <summary>The reading that more than half of the readable votes give; null where none does. A missing vote never counts for a side.</summary>
    public static string? Of(IEnumerable<string?> votes)
    {
        string[] readable = [.. votes.OfType<string>()];
        return readable.CountBy(vote => vote).Where(pair => 2 * pair.Value > readable.Length).Select(pair => pair.Key).FirstOrDefault();
    }

    /// <summary>Whether both of two yes/no votes hold, vote by vote: 0 where one is 0, null where one is unreadable and the other is not 0.</summary>
    public static IReadOnlyList<string?> Both(IReadOnlyList<string?> first, IReadOnlyList<string?> second) =>
        [.. first.Zip(second, (one, other) => one == "0" || other == "0" ? "0" : one is null || other is null ? null : "1")];
}
