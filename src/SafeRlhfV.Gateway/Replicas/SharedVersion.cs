namespace SafeRlhfV.Gateway;

/// <summary>A version of the keys or of the policy as the database holds it.</summary>
internal sealed record SharedVersion(long Version, string Body);
