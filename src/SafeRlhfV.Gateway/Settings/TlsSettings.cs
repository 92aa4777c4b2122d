namespace SafeRlhfV.Gateway;

/// <summary>The certificate of a gateway that listens on https.</summary>
public sealed record TlsSettings
{
    /// <summary>The certificate with its chain, as PEM.</summary>
    public required string Certificate { get; init; }

    /// <summary>The private key, as PEM; the certificate's own file may hold it too.</summary>
    public required string Key { get; init; }

    /// <summary>What an encrypted key is opened with; null for a plain one.</summary>
    public string? Password { get; init; }
}
