namespace SafeRlhfV.Gateway;

/// <summary>A limit per minute: a bucket that fills steadily and holds what one minute allows.</summary>
internal interface IRateMeter
{
    /// <summary>Takes one if there is one; else says how long to wait.</summary>
    ValueTask<TimeSpan?> TakeOneAsync();

    /// <summary>How long to wait until the bucket is above empty; null where it is.</summary>
    ValueTask<TimeSpan?> WaitForAnyAsync();

    /// <summary>Takes what was used, which is known only afterwards: the bucket may owe.</summary>
    ValueTask ChargeAsync(long used);
}
