using System.Data.Common;

namespace SafeRlhfV.Gateway;

/// <summary>
/// A limit that several gateways share: a row in the database is the bucket, and each gateway takes out of it ahead, what may be used in about two seconds, and
/// charges that alone. So the gateways together let pass at most what one alone would, and a lease of each more.
/// </summary>
internal sealed class LeasedMeter(string name, int perMinute, TimeSpan lease, ReplicaDatabase database, TimeProvider clock) : IRateMeter
{
    private readonly double leased = Math.Max(1, Math.Floor(perMinute * lease.TotalMinutes));
    private readonly SemaphoreSlim asking = new(1);
    private readonly Lock gate = new();
    private double held; // taken out of the bucket and not used; below zero: used and not yet charged to it
    private long refusedAt;
    private TimeSpan refusedFor;

    /// <inheritdoc/>
    public ValueTask<TimeSpan?> TakeOneAsync() => Take(1) ? default : AskAsync(1);

    /// <inheritdoc/>
    public ValueTask<TimeSpan?> WaitForAnyAsync() => Take(0) ? default : AskAsync(0);

    /// <summary>What was used beyond what was taken is charged to the bucket at once: another gateway's next request must find it gone.</summary>
    public async ValueTask ChargeAsync(long used)
    {
        lock (gate)
        {
            held -= used;
            if (held >= 0) return;
        }
        await asking.WaitAsync();
        try
        {
            await LeaseAsync(0);
        }
        catch (Exception error) when (IsAway(error))
        {
            // it is still owed, and charged with the next lease; what this request used has been answered
        }
        finally
        {
            asking.Release();
        }
    }

    private bool Take(int amount)
    {
        lock (gate)
        {
            if (amount == 0 ? held <= 0 : held < amount) return false;
            held -= amount;
            return true;
        }
    }

    private async ValueTask<TimeSpan?> AskAsync(int amount)
    {
        await asking.WaitAsync();
        try
        {
            if (Take(amount)) return null; // another request has asked meanwhile
            if (Refusal() is { } refused) return refused;
            double level = await LeaseAsync(leased);
            if (Take(amount)) return null;
            (refusedAt, refusedFor) = (clock.GetTimestamp(), TimeSpan.FromMinutes(Math.Max(0, 1 - level) / perMinute));
            return refusedFor;
        }
        catch (Exception error) when (IsAway(error))
        {
            throw new ApiException(503, "server_error", "The limits are not available at present; nothing passes unmetered.", "limits_unavailable")
            {
                RetryAfter = TimeSpan.FromSeconds(1),
            };
        }
        finally
        {
            asking.Release();
        }
    }

    // An empty bucket is not asked again before it can hold something, nor for longer than a lease lasts: the limit may have been raised.
    private TimeSpan? Refusal()
    {
        TimeSpan since = clock.GetElapsedTime(refusedAt);
        return since < refusedFor && since < lease ? refusedFor - since : null;
    }

    // Pays what is owed and takes what is wanted, if it is there. One at a time.
    private async ValueTask<double> LeaseAsync(double wanted)
    {
        double owed;
        lock (gate) owed = Math.Max(0, -held);
        (double granted, double level) = await database.LeaseAsync(name, perMinute, wanted, owed);
        lock (gate) held += owed + granted;
        return level;
    }

    private static bool IsAway(Exception error) => error is DbException or TimeoutException;
}
