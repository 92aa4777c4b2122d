namespace SafeRlhfV.Gateway;

/// <summary>Puts the keys and the policy of a gateway's file in force for all gateways on its database.</summary>
public static class GatewayPublication
{
    /// <summary>Writes a new version of what differs from that in force, and tells the gateways.</summary>
    /// <returns>The versions of the keys and the policy then in force.</returns>
    /// <exception cref="InvalidInputException">The settings name no replicas, or their policy has faults.</exception>
    /// <exception cref="ServiceException">The database cannot be used.</exception>
    public static (long Keys, long Policy) Publish(GatewaySettings settings)
    {
        if (settings.Replicas is not { } replicas)
            throw new InvalidInputException("there are no replicas to publish to; give the section 'replicas' in the gateway's file.");
        if (settings.Policy is { } policy) Guard.PolicyReader.Load(policy); // its faults, before anybody gets it
        using ReplicaDatabase database = new(settings);
        Dictionary<string, SharedVersion> inForce = database.Publish(SharedSettings.Bodies(settings), replicas.Name, onlyMissing: false);
        return (inForce[ReplicaDatabase.Keys].Version, inForce[ReplicaDatabase.Policy].Version);
    }
}
