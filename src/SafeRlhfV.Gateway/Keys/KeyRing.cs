using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace SafeRlhfV.Gateway;

/// <summary>All keys, by their SHA-256. Keys are long and random, so a plain hash protects them, and looking up by it leaks nothing by time.</summary>
/// <param name="meter">Makes a limit of its name and of what it allows a minute.</param>
/// <param name="clock">The clock.</param>
internal sealed class KeyRing(Func<string, int, IRateMeter> meter, TimeProvider clock)
{
    private static readonly string[] Bare = ["x-api-key", "api-key"]; // as clients of Anthropic and of Azure send it
    private volatile FrozenDictionary<string, ApiKey> keys = FrozenDictionary<string, ApiKey>.Empty;
    private Dictionary<(string Name, int PerMinute), IRateMeter> meters = [];

    /// <summary>Puts other keys in force, from the next request on. A limit that stays the same keeps what is used of it.</summary>
    public void Replace(IEnumerable<KeySettings> keys)
    {
        Dictionary<(string, int), IRateMeter> before = meters, now = [];
        this.keys = keys.ToFrozenDictionary(
            key => key.Hash,
            key => new ApiKey(key, Limit(key, "requests", key.RequestsPerMinute), Limit(key, "tokens", key.TokensPerMinute), clock));
        meters = now;

        IRateMeter? Limit(KeySettings key, string what, int? perMinute)
        {
            if (perMinute is not { } most) return null;
            string name = $"{key.Hash}/{what}";
            return now[(name, most)] = before.GetValueOrDefault((name, most)) ?? meter(name, most);
        }
    }

    /// <summary>The key of a hash, or null where there is none, as after it was revoked.</summary>
    public ApiKey? OfHash(string hash) => keys.GetValueOrDefault(hash);

    /// <summary>A new random key.</summary>
    public static string Create() => "srv-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

    public static string Hash(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    /// <summary>The key of a request.</summary>
    /// <exception cref="ApiException">There is none, or it is unknown or expired (401).</exception>
    public ApiKey Find(HttpRequest request)
    {
        string header = request.Headers.Authorization.ToString();
        foreach (string name in Bare)
            if (header.Length == 0 && request.Headers[name].ToString() is { Length: > 0 } bare) header = "Bearer " + bare;
        if (!header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
            throw new ApiException(401, "authentication_error", "No API key was given; send it as 'Authorization: Bearer KEY' or 'x-api-key: KEY'.",
                "missing_api_key");
        if (!keys.TryGetValue(Hash(header["Bearer ".Length..].Trim()), out ApiKey? key))
            throw new ApiException(401, "authentication_error", "The API key is unknown.", "invalid_api_key");
        return key.IsExpired ? throw new ApiException(401, "authentication_error", "The API key has expired.", "expired_api_key") : key;
    }
}
