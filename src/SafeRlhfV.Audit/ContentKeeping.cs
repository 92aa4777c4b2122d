namespace SafeRlhfV.Audit;

/// <summary>What an audit trail keeps of texts and images beside their fingerprints.</summary>
public enum ContentKeeping
{
    /// <summary>Nothing: only the fingerprint.</summary>
    Hash,

    /// <summary>The text with addresses, numbers and secrets blacked out; of images nothing.</summary>
    Redact,

    /// <summary>All of it.</summary>
    Keep,
}
