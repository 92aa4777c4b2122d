namespace SafeRlhfV.Guard;

/// <summary>Who asks and by which way, so that rules of a user, a role or a route apply.</summary>
/// <param name="User">The user's or key's name.</param>
/// <param name="Role">The user's role.</param>
/// <param name="Route">The route, such as a model's name.</param>
public sealed record GuardContext(string? User = null, string? Role = null, string? Route = null)
{
    /// <summary>The person for whom the caller asks, as the caller names them; null where it does not say.</summary>
    public string? EndUser { get; init; }

    /// <summary>
    /// What else records tell of the request, asked for when it ends: texts, numbers, flags, JSON, and <see cref="UnstoredText"/>; null for nothing.
    /// </summary>
    public Func<IReadOnlyList<KeyValuePair<string, object?>>>? Facts { get; init; }

    /// <summary>No user, role or route.</summary>
    public static GuardContext Anyone { get; } = new();
}
