using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;

namespace SafeRlhfV.Gateway;

/// <summary>
/// The sessions of gateways on one database: the cookie itself says, sealed by keys that they share, whose session it is and when it ends. Signed out is signed
/// out at all of them.
/// </summary>
internal sealed class SharedDashboardSessions : IDashboardSessions
{
    private readonly IDataProtector _protector;
    private readonly ReplicaDatabase _database;
    private readonly KeyRing _keys;
    private readonly TimeProvider _clock;

    public SharedDashboardSessions(IDataProtectionProvider protection, ReplicaDatabase database, KeyRing keys, TimeProvider clock)
    {
        (_protector, _database, _keys, _clock) = (protection.CreateProtector("dashboard session"), database, keys, clock);
        database.Alone(() => _protector.Protect("first")); // two gateways that start side by side would else make a key each
    }

    public void Begin(HttpContext http, ApiKey key)
    {
        string session = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        long ends = (_clock.GetUtcNow() + DashboardCookie.Lifetime).ToUnixTimeSeconds();
        DashboardCookie.Write(http, _protector.Protect(string.Create(CultureInfo.InvariantCulture, $"{session} {key.Hash} {ends}")));
    }

    public async ValueTask EndAsync(HttpContext http)
    {
        if (Read(http) is { } found) await _database.SignOutAsync(found.Session, found.Ends);
        DashboardCookie.Delete(http);
    }

    public async ValueTask<ApiKey?> FindAsync(HttpContext http) =>
        Read(http) is { } found && found.Ends > _clock.GetUtcNow() && _keys.OfHash(found.Hash) is { IsExpired: false, IsOperator: true } key
            && !await _database.IsSignedOutAsync(found.Session, http.RequestAborted)
            ? key
            : null;

    private (string Session, string Hash, DateTimeOffset Ends)? Read(HttpContext http)
    {
        try
        {
            return DashboardCookie.Read(http) is { } cookie && _protector.Unprotect(cookie).Split(' ') is [string session, string hash, string ends]
                ? (session, hash, DateTimeOffset.FromUnixTimeSeconds(long.Parse(ends, CultureInfo.InvariantCulture)))
                : null;
        }
        catch (CryptographicException)
        {
            return null; // not ours, or sealed with a key that is gone
        }
    }
}
