namespace SafeRlhfV.Gateway;

/// <summary>Makes API keys.</summary>
public static class GatewayKey
{
    /// <summary>A new random key (256 bits) and the hash that settings hold of it.</summary>
    public static (string Key, string Hash) Create()
    {
        string key = KeyRing.Create();
        return (key, KeyRing.Hash(key));
    }
}
