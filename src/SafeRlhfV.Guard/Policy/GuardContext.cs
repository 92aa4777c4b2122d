namespace SafeRlhfV.Guard;

/// <summary>Who asks and by which way, so that rules of a user, a role or a route apply.</summary>
/// <param name="User">The user's or key's name.</param>
/// <param name="Role">The user's role.</param>
/// <param name="Route">The route, such as a model's name.</param>
public sealed record GuardContext(string? User = null, string? Role = null, string? Route = null)
{
    /// <summary>Nobody in particular.</summary>
    public static GuardContext Anyone { get; } = new();
}
