namespace SafeRlhfV.Guard;

/// <summary>A refused turn as one memory tells it to others: who asked, and a fingerprint. It holds no text.</summary>
/// <param name="User">The caller's <see cref="GuardContext.User"/>.</param>
/// <param name="Role">The caller's <see cref="GuardContext.Role"/>.</param>
/// <param name="Route">The caller's <see cref="GuardContext.Route"/>.</param>
/// <param name="Fingerprint">The fingerprint of the turn under the policy that refused it.</param>
public sealed record RefusedTurn(string? User, string? Role, string? Route, UInt128 Fingerprint);
