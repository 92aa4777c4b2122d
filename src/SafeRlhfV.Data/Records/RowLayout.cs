namespace SafeRlhfV.Data;

/// <summary>The two layouts of BeaverTails-V rows.</summary>
public enum RowLayout
{
    /// <summary>Two answers with two preferences and rates: <see cref="PreferencePair"/>.</summary>
    Paired,

    /// <summary>One answer with a yes/no label, for the guard: <see cref="ModeratedResponse"/>.</summary>
    Flat,
}
