namespace SafeRlhfV.Processing;

/// <summary>Ids that are put before and after a text when special tokens are wanted.</summary>
internal sealed record TokenTemplate(int[] Before, int[] After)
{
    /// <summary>Nothing is added.</summary>
    public static TokenTemplate None { get; } = new([], []);
}
