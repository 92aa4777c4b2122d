namespace SafeRlhfV.Gateway;

/// <summary>
/// Where responses are kept: in this process's memory, or in the database that gateways share. A key sees its own alone. What is older than
/// <see cref="ResponseSettings.StoreTime"/> is not found; what is asked for is young again, since a conversation needs it still.
/// </summary>
internal interface IKeptResponses
{
    /// <summary>Keeps a response.</summary>
    ValueTask KeepAsync(KeptResponse response, CancellationToken cancellationToken);

    /// <summary>A response; null where it is not kept.</summary>
    ValueTask<KeptResponse?> FindAsync(string owner, string id, CancellationToken cancellationToken);

    /// <summary>The turns of a conversation up to a response, the oldest first; null where one of its responses is not kept.</summary>
    ValueTask<IReadOnlyList<byte[]>?> TurnsAsync(string owner, string id, CancellationToken cancellationToken);

    /// <summary>Forgets a response; whether it was kept.</summary>
    ValueTask<bool> ForgetAsync(string owner, string id, CancellationToken cancellationToken);
}
