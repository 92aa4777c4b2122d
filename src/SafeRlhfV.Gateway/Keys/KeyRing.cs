using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace SafeRlhfV.Gateway;

/// <summary>All keys, by their SHA-256. Keys are long and random, so a plain hash protects them, and looking up by it leaks nothing by time.</summary>
internal sealed class KeyRing(IEnumerable<KeySettings> keys, TimeProvider clock)
{
    private readonly FrozenDictionary<string, ApiKey> _keys = keys.ToFrozenDictionary(key => key.Hash, key => new ApiKey(key, clock));

    /// <summary>A new random key.</summary>
    public static string Create() => "srv-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

    public static string Hash(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    /// <summary>The key of a request.</summary>
    /// <exception cref="ApiException">There is none, or it is unknown or expired (401).</exception>
    public ApiKey Find(HttpRequest request)
    {
        string header = request.Headers.Authorization.ToString();
        if (!header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
            throw new ApiException(401, "authentication_error", "No API key was given; send it as 'Authorization: Bearer KEY'.", "missing_api_key");
        if (!_keys.TryGetValue(Hash(header["Bearer ".Length..].Trim()), out ApiKey? key))
            throw new ApiException(401, "authentication_error", "The API key is unknown.", "invalid_api_key");
        return key.IsExpired ? throw new ApiException(401, "authentication_error", "The API key has expired.", "expired_api_key") : key;
    }
}
