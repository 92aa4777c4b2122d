namespace SafeRlhfV.Demo;

/// <summary>The demo's profiles.</summary>
public static class RunProfiles
{
    /// <summary>The whole demo, held to its thresholds.</summary>
    public const string Default = "default";

    /// <summary>The same path in small, for tests; its thresholds are only reported.</summary>
    public const string Quick = "quick";
}
