using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;

namespace SafeRlhfV.Gateway;

/// <summary>
/// The sessions of gateways on one database: the cookie itself says, sealed by keys that they share, whose session it is and when it ends. Who signs out at
/// one is signed out at all.
/// </summary>
internal sealed class SharedDashboardSessions : IDashboardSessions
{
    private readonly IDataProtector protector;
    private readonly ReplicaDatabase database;
    private readonly KeyRing keys;
    private readonly TimeProvider clock;

    public SharedDashboardSessions(IDataProtectionProvider protection, ReplicaDatabase database, KeyRing keys, TimeProvider clock)
    {
        (protector, this.database, this.keys, this.clock) = (protection.CreateProtector("dashboard session"), database, keys, clock);
        database.Alone(() => protector.Protect("first")); // two gateways that start side by side would else make a key each
    }

    public void Begin(HttpContext http, ApiKey key)
    {
        string session = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        long ends = (clock.GetUtcNow() + DashboardCookie.Lifetime).ToUnixTimeSeconds();
        DashboardCookie.Write(http, protector.Protect(string.Create(CultureInfo.InvariantCulture, $"{session} {key.Hash} {ends}")));
    }

    public async ValueTask EndAsync(HttpContext http)
    {
        if (Read(http) is { } found) await database.SignOutAsync(found.Session, found.Ends);
        DashboardCookie.Delete(http);
    }

    public async ValueTask<ApiKey?> FindAsync(HttpContext http) =>
        Read(http) is { } found && found.Ends > clock.GetUtcNow() && keys.OfHash(found.Hash) is { IsExpired: false, IsOperator: true } key
            && !await database.IsSignedOutAsync(found.Session, http.RequestAborted)
            ? key
            : null;

    private (string Session, string Hash, DateTimeOffset Ends)? Read(HttpContext http)
    {
        try
        {
            return DashboardCookie.Read(http) is { } cookie && protector.Unprotect(cookie).Split(' ') is [string session, string hash, string ends]
                ? (session, hash, DateTimeOffset.FromUnixTimeSeconds(long.Parse(ends, CultureInfo.InvariantCulture)))
                : null;
        }
        catch (CryptographicException)
        {
            return null; // not ours, or sealed with a key that is gone
        }
    }
}
