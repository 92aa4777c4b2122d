namespace SafeRlhfV.Data;

/// <summary>The codes of errors that end an import.</summary>
public static class ImportFault
{
    /// <summary>The source holds no row.</summary>
    public const string NoRows = "no-rows";

    /// <summary>The columns are those of no known format.</summary>
    public const string NotDetected = "not-detected";

    /// <summary>The source holds rows of two formats.</summary>
    public const string Mixed = "mixed";

    /// <summary>The data set lies on the network.</summary>
    public const string NotLocal = "not-local";

    /// <summary>An error with its code.</summary>
    internal static InvalidInputException Error(string code, string file, string what) =>
        new(new Finding(code, FindingSeverity.Error, file, null, [], $"{what} ({code})"));
}
