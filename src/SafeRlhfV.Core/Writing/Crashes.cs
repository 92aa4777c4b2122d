namespace SafeRlhfV.Core;

/// <summary>The moments between two steps of an atomic write, for tests that look at what a kill there would leave.</summary>
internal static class Crashes
{
    /// <summary>Called at each of these moments on the writing thread; null outside tests.</summary>
    [ThreadStatic]
    internal static Action? Observer;

    /// <summary>Marks such a moment.</summary>
    public static void Between() => Observer?.Invoke();
}
